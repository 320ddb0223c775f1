"""Prompt alignment: does a generated network have the performance that was asked for? (thesis, sections
2.3.2 and 3.2)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.collection.checkpoints import Corpus
from hyperforget.config import ProbeConfig
from hyperforget.config.performance import Metric, Performance
from hyperforget.data.splits import Split
from hyperforget.hypernet.sampling import Sampling, Starts, sample
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.metrics.alignment import prompt_alignment, prompt_correlation
from hyperforget.metrics.measuring import measure
from hyperforget.metrics.performance import performance_values
from hyperforget.progress import progress
from hyperforget.records.hypernets import AlignmentRow, PromptRow, Role, Runs


@dataclass(frozen=True)
class Prompted:
    """One of the K values that are prompted: a metric of a class, by its label, ``all`` and ``all`` for the mean over
    classes.
    """

    metric: Metric
    class_: str
    role: Role


@dataclass(frozen=True)
class Probe:
    """Target and observed performance of what is prompted (K, networks, prompts), in the metric's unit."""

    target: Tensor
    observed: Tensor


def probe_snapshots(
    hypernet: TrainedHypernetwork,
    runs: Mapping[Runs, Corpus],
    split: Split,
    prompted: list[Prompted],
    config: ProbeConfig,
    sampling: Callable[[Runs], Sampling],
) -> tuple[list[AlignmentRow], list[PromptRow]]:
    """Alignment at every snapshot, and the prompts at the last one; ``prompted`` are those of `prompted_values`.

    Starts are those of ``runs``, by name such as ``seen``; ``sampling(name)`` gives all snapshots the same numbers.
    """
    alignment: list[AlignmentRow] = []
    prompts: list[PromptRow] = []
    steps = sorted(hypernet.snapshots)
    probes = [(step, name) for step in steps for name in runs]
    for step, name in progress(probes, len(probes), "probing", "probe"):
        probe = probe_hypernetwork(hypernet.at(step), runs[name], split, config, sampling(name))
        alignment += alignment_rows(probe, step, name, prompted)
        if step == steps[-1]:
            prompts += prompt_rows(probe, name, prompted)
    return alignment, prompts


def probe_hypernetwork(
    hypernet: TrainedHypernetwork, runs: Corpus, split: Split, config: ProbeConfig, sampling: Sampling
) -> Probe:
    """Prompt each of the K values that the model is told in turn, from the random starts of some runs, and measure on
    ``split``.

    What is prompted runs over `prompt_values`, all other values are asked for their median; but what else is told of
    the same class moves along with it, as in `matching_values`: no network has every loss with every discriminability.
    """
    grid = prompt_values(runs, config)
    values = runs.performance[runs.admitted()]
    told, parts = values.shape[1], len(hypernet.performance.parts)
    prompts = values.median(dim=0).values.repeat(told, config.prompts, 1)
    for column in range(told):
        prompts[column, :, column] = grid[column]
        for other in range(column % (told // parts), told, told // parts):
            if other != column:
                prompts[column, :, other] = matching_values(values[:, column], values[:, other], grid[column])
    networks = min(config.networks, runs.saved.shape[0])
    targets = prompts.unsqueeze(1).expand(-1, networks, -1, -1).reshape(-1, told)
    start = torch.arange(networks).repeat_interleave(config.prompts).repeat(told)
    starts = Starts(runs.parameters(start * runs.slots), runs.performance[start, 0])

    def observe() -> Tensor:
        sampled = sample(hypernet, targets, starts, sampling)
        observed = performance_values(measure(sampled, split), hypernet.performance)
        diagonal = torch.arange(told)
        return observed.view(told, networks, config.prompts, told)[diagonal, :, :, diagonal]

    return Probe(grid.unsqueeze(1).expand(-1, networks, -1), sampling.resuming.remember("probe", observe))


def prompt_values(runs: Corpus, config: ProbeConfig) -> Tensor:
    """What is asked for, (K, prompts): evenly spaced between two quantiles of the values that ``runs`` hold."""
    values = runs.performance[runs.admitted()]
    low, high = (values.quantile(quantile, dim=0).unsqueeze(1) for quantile in config.range)
    return torch.lerp(low, high, torch.linspace(0, 1, config.prompts))


def matching_values(values: Tensor, others: Tensor, wanted: Tensor) -> Tensor:
    """What M checkpoints with ``values`` (M,) near the ``wanted`` ones (Q,) have of ``others`` (M,): medians over the
    nearest two in a hundred, (Q,).
    """
    count = max(1, values.shape[0] // 50)
    nearest = (values - wanted.unsqueeze(1)).abs().topk(count, dim=1, largest=False).indices
    return others[nearest].median(dim=1).values


def prompted_values(performance: Performance, labels: Sequence[int], pivots: list[int]) -> list[Prompted]:
    """What each of the K values that are prompted is of; ``pivots`` are some of the ``labels`` of the classes."""
    roles: dict[str, Role] = {str(label): "pivot" if label in pivots else "free" for label in labels}
    return [
        Prompted(part.metric, label, roles.get(label, "all"))
        for part in performance.named(labels).parts
        for label in part.labels(labels)
    ]


def alignment_rows(probe: Probe, step: int, starts: Runs, prompted: list[Prompted]) -> list[AlignmentRow]:
    """One row for each of `prompted_values`."""
    alignment = prompt_alignment(probe.observed, probe.target).mean(dim=1)
    correlation = prompt_correlation(probe.observed, probe.target).mean(dim=1)
    return [
        AlignmentRow(step, starts, of.metric, of.class_, of.role, float(alignment[index]), float(correlation[index]))
        for index, of in enumerate(prompted)
    ]


def prompt_rows(probe: Probe, starts: Runs, prompted: list[Prompted]) -> list[PromptRow]:
    """One row for each of `prompted_values`, each network and each prompt."""
    _, networks, prompts = probe.target.shape
    return [
        PromptRow(
            starts,
            of.metric,
            of.class_,
            of.role,
            network,
            float(probe.target[index, network, prompt]),
            float(probe.observed[index, network, prompt]),
        )
        for index, of in enumerate(prompted)
        for network in range(networks)
        for prompt in range(prompts)
    ]
