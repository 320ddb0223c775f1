"""Batches of pairs that a hypernetwork is trained on: drawn on the CPU, and moved to its device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from hyperforget.collection.checkpoints import Corpus, knows_all_but
from hyperforget.collection.pairs import draw_pairs
from hyperforget.config import TrainingConfig
from hyperforget.hypernet.diffusion import Process, add_noise
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.networks.batch import Networks
from hyperforget.networks.permutations import permute_hidden

# Added to a pair's mean squared change before dividing by it: below this, pairs are weighted alike.
_SMALL_CHANGE = 0.02

_LEVELS = 20
# Share of checkpoints at either end that joins the outermost level. Prompts hardly reach there, and the few
# highest losses of a corpus would have most levels for themselves.
_TAIL = 0.05


@dataclass(frozen=True)
class Batch:
    """B pairs: ``clean`` and ``noised`` values (B, D) of the model's space, their ``time`` (B,) and ``weight`` (B,),
    the wanted checkpoint's parameters ``target`` (B, P) and the ``target_performance`` (B, K) that is asked for.
    ``target_known`` bool (B, C) are the classes that the wanted checkpoint knows. ``answered`` (B,) is false where no
    checkpoint has what is asked for, see `recombine`.

    With loss matching, ``wanted`` is what is to be done on the images of this step, (B, K), of models that are told one
    number the class losses (B, C); see `hyperforget.hypernet.loss_matching`.

    Where the model reads a start: its parameters ``network`` (B, P), its values ``start`` (B, D), and its
    ``start_performance`` (B, K).
    """

    clean: Tensor
    noised: Tensor
    time: Tensor
    weight: Tensor
    target: Tensor
    target_performance: Tensor
    target_known: Tensor
    answered: Tensor
    wanted: Tensor | None = None
    network: Tensor | None = None
    start: Tensor | None = None
    start_performance: Tensor | None = None

    def take(self, rows: Tensor) -> "Batch":
        """Some of the pairs, in that order."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: value[rows] for name, value in values.items() if value is not None})

    def micro_batches(self, rank: int, processes: int, count: int) -> Iterator["Batch"]:
        """The share of one of several processes, in ``count`` batches of about the same size."""
        rows = torch.arange(self.clean.shape[0], device=self.clean.device)
        yield from map(self.take, rows.tensor_split(processes)[rank].tensor_split(count))


def draw_batch(
    corpus: Corpus,
    process: Process,
    model: Hypernetwork,
    config: TrainingConfig,
    count: int,
    generator: torch.Generator,
) -> Batch:
    """``count`` pairs on the model's device; all randomness comes from ``generator``, one of the CPU."""
    pairs = draw_pairs(corpus, count, config.from_start, generator)
    if config.permute:
        both = [Networks(params, model.layout) for params in (pairs.start, pairs.target)]
        starts, targets = permute_hidden(both, generator)
        pairs = replace(pairs, start=starts.params, target=targets.params)
    time = process.draw_times(count, generator)
    gaussian = torch.randn(count, model.space.dimension, generator=generator)
    device = model.device
    target, time, gaussian = (value.to(device) for value in (pairs.target, time, gaussian))
    clean = model.space.normalise(target)
    network = values = performance = None
    if model.conditioning.uses_start:
        network, performance = pairs.start.to(device), pairs.start_performance.to(device)
        values = model.space.normalise(network)
    return Batch(
        clean=clean,
        noised=add_noise(process, clean, gaussian, time),
        time=time,
        weight=pair_weights(clean, values, config.pair_weighting),
        target=target,
        target_performance=pairs.target_performance.to(device),
        target_known=pairs.target_known.to(device),
        answered=torch.ones(count, dtype=torch.bool, device=device),
        network=network,
        start=values,
        start_performance=performance,
    )


def recombine(batch: Batch, share: float, holdout: Sequence[tuple[int, ...]], generator: torch.Generator) -> Batch:
    """The batch with a ``share`` of its pairs asked for a performance that no checkpoint has: what each class is
    asked for is, at even chances, the pair's own or that of another pair, and so is what is ``wanted``.

    A corpus holds the combinations of class losses that its runs came through; a user asks for others. What is asked
    never comes from checkpoints that know all classes but exactly a set of ``holdout``: such a pair keeps its own. All
    randomness comes from ``generator``, one of the CPU; nothing is drawn for a share of 0.
    """
    count = round(share * batch.answered.numel())
    if not count:
        return batch
    known, device = batch.target_known, batch.target_known.device
    partners = torch.randperm(known.shape[0], generator=generator)[:count].to(device)
    swapped = (torch.rand((count, known.shape[1]), generator=generator) < 0.5).to(device)
    state = torch.where(swapped, known[partners], known[:count])
    swapped = swapped & ~knows_all_but(state, holdout).unsqueeze(1)
    answered = batch.answered.clone()
    answered[:count] = ~swapped.any(dim=1)

    def mix(own: Tensor) -> Tensor:
        # All that is told of a class comes from one checkpoint.
        each = swapped.repeat(1, own.shape[1] // known.shape[1])
        return torch.cat([torch.where(each, own[partners], own[:count]), own[count:]])

    return replace(
        batch,
        target_performance=mix(batch.target_performance),
        wanted=None if batch.wanted is None else mix(batch.wanted),
        answered=answered,
    )


def pair_weights(clean: Tensor, start: Tensor | None, weighting: str) -> Tensor:
    """Weights (B,) of mean 1 for the squared errors of pairs in the model's space, (B, D) each.

    ``uniform`` is the thesis' objective. ``relative`` divides each error by the squared change from start to clean: the
    step from a trained to an unlearned network changes parameters ten times less than training from scratch does, and
    would be learned last.
    """
    if start is None or weighting == "uniform":
        return torch.ones(clean.shape[0], device=clean.device)
    weights = 1 / ((clean - start).square().mean(dim=1) + _SMALL_CHANGE)
    return weights / weights.mean()


def rebalanced(corpus: Corpus) -> Corpus:
    """The corpus with chances that spread the later checkpoint of drawn pairs evenly over the range of what it tells.

    Where it tells several values, one of them is picked at random for each pair.
    """
    admitted = corpus.admitted()
    chances = torch.zeros(admitted.shape, dtype=torch.float64)
    chances[admitted] = target_chances(corpus.performance[admitted])
    cumulative = chances.flatten().cumsum(0)
    return replace(corpus, cumulative=cumulative / cumulative[-1])


def target_chances(values: Tensor) -> Tensor:
    """Chances (M,), float64, of M checkpoints with ``values`` (M, K): every level of a value is equally likely.

    Levels are as wide as each other, since prompts are evenly spaced; those without a checkpoint are left out. Of
    several values each has its way for an equal share of draws.
    """
    columns = []
    for column in values.unbind(dim=1):
        low, high = column.quantile(_TAIL), column.quantile(1 - _TAIL)
        width = (high - low).clamp(min=torch.finfo(column.dtype).tiny)
        level = ((column - low) / width * _LEVELS).clamp(0, _LEVELS - 1).long()
        chances = 1 / torch.bincount(level, minlength=_LEVELS)[level].double()
        columns.append(chances / chances.sum())
    return torch.stack(columns).mean(dim=0)
