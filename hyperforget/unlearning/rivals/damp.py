"""The rival `damp`: what only forgotten classes show is projected out of the weights that read it (DAMP).

Hatami, Aalishah and Monosov (2026), "Class Unlearning via Depth-Aware Removal of Forget-Specific Directions",
arXiv:2604.15166, as its method is summarised in public, since no code is. With R the means of the retained classes in
the hidden units of a layer, and m that of a forgotten one, the direction to forget is the residual d = m - R R⁺ m. Of
the weights that read the layer, W' = W (I - α Q Qᵀ), with Q an orthonormal basis of these directions; biases stay.
In layer l of L hidden ones α is l/L times 2a - 1, at least 0, with a the accuracy of a linear probe on held-out images.

What the summary leaves open: the probe is here least squares, with forgotten and retained images of equal weight, also
in its accuracy, so that one that knows nothing has α = 0; channels of a convolution are its units, each the mean over
positions. It needs training images, and validation images for the probe; it is deterministic but for the images that
the probe is fitted on.

Where there are as many retained classes as units, their means span everything, no direction is left, and the networks
stay as they are.
"""

import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.metrics.recovery import few_images
from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.class_means import class_means
from hyperforget.unlearning.rivals.hidden_units import units_at

# Training images of a class that probes are fitted on, at the most.
_PROBE_IMAGES = 500
# A residual that is shorter, relative to what it is of, is rounding of single precision.
_ROUNDING = 1e-4


def damp(assignment: Assignment) -> Networks:
    """Networks whose weights, but those that read images, no longer read what only the forgotten classes show."""
    originals, forget = assignment.originals, assignment.forget.cpu()
    layout = originals.layout
    parts = layout.split(originals.params.cpu())
    depths = len(parts) // 2 - 1
    edited = list(parts)
    for depth in range(1, depths + 1):
        strength = probe_strengths(assignment, depth) * depth / depths
        units = units_at(originals, assignment.train.images, depth).cpu().double()
        means = class_means(units, assignment.train.labels.cpu(), assignment.train.classes)
        projector = strength.view(-1, 1, 1) * forget_projectors(means, forget)  # (N, H, H)
        weight = parts[2 * depth].double()  # (N, outputs, H, ...)
        edited[2 * depth] = (weight - torch.einsum("noh...,nhi->noi...", weight, projector)).float()
    return Networks(layout.join(edited), layout).to(originals.params.device)


def forget_projectors(means: Tensor, forget: Tensor) -> Tensor:
    """Projections (N, H, H) onto what the forgotten classes' means, of ``means`` float64 (N, C, H), have beside the
    span of the retained ones'.
    """
    retained, forgotten = means[:, ~forget].transpose(1, 2), means[:, forget].transpose(1, 2)  # (N, H, ...)
    residuals = forgotten - retained @ (torch.linalg.pinv(retained, rtol=_ROUNDING) @ forgotten)
    directions, lengths, _ = torch.linalg.svd(residuals, full_matrices=False)
    kept = lengths > _ROUNDING * forgotten.norm(dim=(1, 2)).unsqueeze(1)
    projectors: Tensor = (directions * kept.unsqueeze(1)) @ directions.transpose(1, 2)
    return projectors


def probe_strengths(assignment: Assignment, depth: int) -> Tensor:
    """2a - 1, within 0 and 1, float64 (N,): a is how well a linear probe tells forgotten from retained images."""
    train, forget = assignment.train, assignment.forget
    shown = few_images(train.labels, _PROBE_IMAGES, assignment.generator)
    fitted = _sides(assignment.originals, Split(train.images[shown], train.labels[shown], train.classes), forget, depth)
    held_out = _sides(assignment.originals, assignment.validation, forget, depth)
    (units, sign), (others, wanted) = fitted, held_out
    weighted = units.transpose(1, 2) * _balanced(sign)  # (N, H + 1, B)
    probe = torch.linalg.pinv(weighted @ units, hermitian=True) @ (weighted @ sign).unsqueeze(2)
    right = (others @ probe).squeeze(2).sign() == wanted
    accuracies: Tensor = (right * _balanced(wanted)).sum(dim=1)
    return (2 * accuracies - 1).clamp(min=0, max=1)


def _sides(networks: Networks, split: Split, forget: Tensor, depth: int) -> tuple[Tensor, Tensor]:
    """Hidden units and 1, float64 (N, B, H + 1), and 1 for images of forgotten classes, else -1, (B,)."""
    units = units_at(networks, split.images, depth).cpu().double()
    sign = 2 * forget[split.labels].cpu().double() - 1
    return torch.cat([units, torch.ones_like(units[..., :1])], dim=2), sign


def _balanced(sign: Tensor) -> Tensor:
    """Weights (B,), of sum 1, in which both sides weigh the same."""
    first = sign > 0
    return torch.where(first, 0.5 / first.sum().clamp(min=1), 0.5 / (~first).sum().clamp(min=1))
