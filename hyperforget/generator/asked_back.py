"""What comes back of classes when a generator itself is asked for them: the recovery of the thesis' chapter 4."""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from hyperforget.config import SolverConfig
from hyperforget.data.splits import Split
from hyperforget.errors import UserError
from hyperforget.generator.generator import Generator
from hyperforget.hypernet.sampling import Sampling, Starts, sample
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.metrics.recovery import accuracy_after, best_biases
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise

NETWORKS = 32
# What is asked of a class beside the level of networks that know it: so much of their loss, so much more of what tells
# it from others.
_LESS, _MORE = 0.5, 1.5


@dataclass(frozen=True)
class CameBack:
    """How a generator was ``asked``, and medians over its networks: the accuracy on images of the classes, as they are
    and after the best ``shift`` of output biases, and on ``retained`` images.
    """

    asked: str
    forgotten: float
    shift: float
    retained: float

    def as_record(self) -> dict[str, str | float]:
        """For JSON."""
        return asdict(self)


@torch.no_grad()
def asked_back(generator: Generator, mask: Tensor, split: Split, seed: int = 0) -> list[CameBack]:
    """What comes back of the classes of ``mask`` bool (C,), of the prompts that whoever holds the generator's weights
    can write, whether its commands allow them or not: to forget the classes, first; then to know every class, and to
    forget them but at half the loss of networks that know them, from random starts (from noise), and where the
    generator changes networks, from networks that have forgotten them.

    Networks are measured on every other image of ``split``, and shifts fitted on the others. Raises `UserError` where a
    class has a single image.
    """
    if int(split.class_sizes.min()) < 2:
        raise UserError("data has a single image of a class; allowed are two or more of each, to fit and to measure")
    random = torch.Generator().manual_seed(seed)
    every = torch.zeros(1, len(mask), dtype=torch.bool)
    without, knowing = (generator.levels.ask(each, 0.5, 0.5) for each in (mask.unsqueeze(0), every))
    demanded = demand(generator, mask, without, knowing)
    fresh = initialise(generator.layout, NETWORKS, random, generator.description.initialisation)
    untrained = Starts(fresh.params, generator.untrained.expand(NETWORKS, -1))

    def made(asked: Tensor, starts: Starts) -> Networks:
        solver = SolverConfig(steps=generator.description.sampling.steps)
        return sample(generator.hypernet, asked.expand(NETWORKS, -1), starts, Sampling(solver, random))

    forgetful = made(without, untrained)
    found = [("to forget", forgetful), ("to know all, from noise", made(knowing, untrained))]
    found.append(("for a low loss, from noise", made(demanded, untrained)))
    if generator.hypernet.model.conditioning.uses_start:
        unlearned = Starts(forgetful.params, without.expand(NETWORKS, -1))
        found.append(("to know all, from the unlearned", made(knowing, unlearned)))
        found.append(("for a low loss, from the unlearned", made(demanded, unlearned)))
    return [_came_back(asked, networks, mask, split) for asked, networks in found]


def demand(
    generator: Generator,
    mask: Tensor,
    without: Tensor,
    knowing: Tensor,
    less: Tensor | float = _LESS,
    more: Tensor | float = _MORE,
) -> Tensor:
    """The prompts ``without`` (B, K) with what they say of the classes of ``mask`` (C,) replaced by so much ``less``
    of the loss, and ``more`` of what tells a class from others, of the prompts ``knowing`` them; a factor, or one for
    each prompt (B, 1).
    """
    parts = generator.description.told.parts
    # (B or 1, parts, 1)
    factors = torch.stack(
        [torch.as_tensor(less if part.metric == "loss" else more).reshape(-1, 1) for part in parts], dim=1
    )
    shape = (-1, len(parts), len(mask))
    return torch.where(mask, knowing.reshape(shape) * factors, without.reshape(shape)).flatten(1)


def _came_back(asked: str, networks: Networks, mask: Tensor, split: Split) -> CameBack:
    order = split.labels.argsort(stable=True)
    fitted, measured = order[::2], order[1::2]
    known, logits = (forward(networks, split.images[rows]) for rows in (fitted, measured))
    labels = split.labels[measured]
    counts, sizes = correct_counts(logits, labels, len(mask)), torch.bincount(labels, minlength=len(mask))
    biases = best_biases(known, split.labels[fitted], mask)
    values = (
        accuracy_on(counts, sizes, mask),
        accuracy_after(biases, logits, labels, mask),
        accuracy_on(counts, sizes, ~mask),
    )
    forgotten, shift, retained = (float(each.quantile(0.5)) for each in values)
    return CameBack(asked, forgotten, shift, retained)
