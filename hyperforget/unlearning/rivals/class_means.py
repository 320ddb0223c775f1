"""The rival `class-means`: the output layer is replaced by a class-mean-feature head, over features as they are.

Gao et al. (2026), "An Illusion of Unlearning?", arXiv:2604.08271: the weights of a class are w_c = (m_c - m)/|m_c - m|,
m_c the mean feature of its images and m that of all, and its logit is s w_c·(h - m). The released code also divides
every image's feature by its length, before and after m is subtracted, which no linear layer does: here features keep
their length, and the temperature s is in units of the mean of |h - m|. It needs retained training images.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import units_and_logits
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.losses import cross_entropies
from hyperforget.unlearning.rivals.mask import OUT_OF_REACH

# Temperatures that are tried; each network takes the one with the lowest cross-entropy on retained training images.
TEMPERATURES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


def class_mean_head(assignment: Assignment) -> Networks:
    """Networks that differ from the originals in the output layer only, which is made of means of retained classes.

    Forgotten classes have no mean: their weights are zero, and their outputs as much out of reach as in `mask`.
    """
    originals, forget, train = assignment.originals, assignment.forget, assignment.train
    retained = ~forget[train.labels]
    labels = train.labels[retained]
    units, _ = units_and_logits(originals, train.images[retained])  # (N, B, H)
    centre = units.mean(dim=1, keepdim=True)
    units = units - centre
    weight = F.normalize(class_means(units, labels, train.classes), dim=2) * ~forget.unsqueeze(1)
    length = units.norm(dim=2).mean(dim=1).clamp(min=torch.finfo(units.dtype).tiny)
    logits = units @ weight.transpose(1, 2) / length.view(-1, 1, 1) - OUT_OF_REACH * forget
    logits = logits.transpose(1, 2)  # (N, C, B)
    losses = torch.stack([cross_entropies(temperature * logits, labels) for temperature in TEMPERATURES])
    chosen = torch.tensor(TEMPERATURES)[losses.argmin(dim=0).cpu()].to(length.device)
    weight = weight * (chosen / length).view(-1, 1, 1)
    bias = -(weight @ centre.transpose(1, 2)).squeeze(2) - OUT_OF_REACH * forget
    layout = originals.layout
    return Networks(layout.join([*layout.split(originals.params)[:-2], weight, bias]), layout)


def class_means(units: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Mean (N, C, H) of what N networks have in H units on images (N, B, H) of each class; 0 of one without images."""
    member = F.one_hot(labels, classes).to(units.dtype)  # (B, C)
    return (member / member.sum(dim=0).clamp(min=1)).T @ units
