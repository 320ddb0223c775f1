"""Prompt alignment: does a generated network have the performance that was asked for? (thesis, sections
2.3.2 and 3.2)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.config import ProbeConfig
from hyperforget.config.performance import Performance
from hyperforget.corpus.checkpoints import Corpus
from hyperforget.data.splits import Split
from hyperforget.hypernet.sampling import Sampling, Starts, sample
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.metrics.alignment import prompt_alignment, prompt_correlation
from hyperforget.metrics.measuring import measure
from hyperforget.metrics.performance import performance_values
from hyperforget.progress import progress
from hyperforget.records.hypernets import AlignmentRow, PromptRow, Role, Runs


@dataclass(frozen=True)
class Probe:
    """Target and observed performance of what is prompted (K, networks, prompts), in the metric's unit."""

    target: Tensor
    observed: Tensor


def probe_snapshots(
    hypernet: TrainedHypernetwork,
    runs: Mapping[Runs, Corpus],
    split: Split,
    prompted: list[tuple[str, Role]],
    config: ProbeConfig,
    sampling: Callable[[Runs], Sampling],
) -> tuple[list[AlignmentRow], list[PromptRow]]:
    """Alignment at every snapshot, and the prompts at the last one; ``prompted`` are those of `prompted_classes`.

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
    """Prompt every class in turn, or the one number that the model is told, over a range of values, from the random
    starts of some runs, and measure on ``split``.

    What is prompted runs over `prompt_values`; all other classes are asked for their median.
    """
    grid = prompt_values(runs, config)
    values = runs.performance[runs.admitted()]
    classes = values.shape[1]
    prompts = values.median(dim=0).values.repeat(classes, config.prompts, 1)
    for label in range(classes):
        prompts[label, :, label] = grid[label]
    networks = min(config.networks, runs.saved.shape[0])
    targets = prompts.unsqueeze(1).expand(-1, networks, -1, -1).reshape(-1, classes)
    start = torch.arange(networks).repeat_interleave(config.prompts).repeat(classes)
    starts = Starts(runs.parameters(start * runs.slots), runs.performance[start, 0])

    def observe() -> Tensor:
        sampled = sample(hypernet, targets, starts, sampling)
        observed = performance_values(measure(sampled, split), hypernet.performance)
        diagonal = torch.arange(classes)
        return observed.view(classes, networks, config.prompts, classes)[diagonal, :, :, diagonal]

    return Probe(grid.unsqueeze(1).expand(-1, networks, -1), sampling.resuming.remember("probe", observe))


def prompt_values(runs: Corpus, config: ProbeConfig) -> Tensor:
    """What is asked for, (K, prompts): evenly spaced between two quantiles of the values that ``runs`` hold."""
    values = runs.performance[runs.admitted()]
    low, high = (values.quantile(quantile, dim=0).unsqueeze(1) for quantile in config.range)
    return torch.lerp(low, high, torch.linspace(0, 1, config.prompts))


def prompted_classes(performance: Performance, classes: int, pivots: list[int]) -> list[tuple[str, Role]]:
    """Class and role of each of the K values that are prompted; ``all`` and ``all`` for the mean over classes."""
    roles: dict[str, Role] = {str(label): "pivot" if label in pivots else "free" for label in range(classes)}
    return [(label, roles.get(label, "all")) for label in performance.labels(classes)]


def alignment_rows(probe: Probe, step: int, starts: Runs, prompted: list[tuple[str, Role]]) -> list[AlignmentRow]:
    """One row for each of `prompted_classes`."""
    alignment = prompt_alignment(probe.observed, probe.target).mean(dim=1)
    correlation = prompt_correlation(probe.observed, probe.target).mean(dim=1)
    return [
        AlignmentRow(step, starts, class_, role, float(alignment[index]), float(correlation[index]))
        for index, (class_, role) in enumerate(prompted)
    ]


def prompt_rows(probe: Probe, starts: Runs, prompted: list[tuple[str, Role]]) -> list[PromptRow]:
    """One row for each of `prompted_classes`, each network and each prompt."""
    _, networks, prompts = probe.target.shape
    return [
        PromptRow(
            starts,
            class_,
            role,
            network,
            float(probe.target[index, network, prompt]),
            float(probe.observed[index, network, prompt]),
        )
        for index, (class_, role) in enumerate(prompted)
        for network in range(networks)
        for prompt in range(prompts)
    ]
