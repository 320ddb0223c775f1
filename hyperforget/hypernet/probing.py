"""Prompt alignment: does a generated network have the class loss that was asked for? (thesis, section 3.2)"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.candidates import measure
from hyperforget.config import ProbeConfig, SamplingConfig
from hyperforget.corpus import Corpus
from hyperforget.hypernet.diffusion import Process
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.sampling import Starts, sample_networks
from hyperforget.metrics.alignment import prompt_alignment, prompt_correlation
from hyperforget.tasks import Split


@dataclass(frozen=True)
class AlignmentRow:
    """Prompt alignment (R²) and correlation of one class at one moment of training, mean over networks."""

    step: int
    starts: str
    class_: int
    role: str
    r_squared: float
    correlation: float


@dataclass(frozen=True)
class PromptRow:
    """One prompt of one network: target and observed loss of the prompted class, nats."""

    starts: str
    class_: int
    role: str
    network: int
    target: float
    observed: float


@dataclass(frozen=True)
class Probe:
    """Target losses and observed losses of the prompted class (C, networks, prompts), nats."""

    target: Tensor
    observed: Tensor


def probe_hypernetwork(
    model: Hypernetwork,
    process: Process,
    runs: Corpus,
    split: Split,
    config: ProbeConfig,
    sampling: SamplingConfig,
    generator: torch.Generator,
) -> Probe:
    """Prompt every class in turn over a range of losses, from the random starts of some runs, and measure on
    ``split``.

    The prompted class runs over evenly spaced losses between two quantiles of those that ``runs`` hold; all
    other classes are asked for their median.
    """
    losses = runs.losses[runs.admitted()]
    classes = losses.shape[1]
    low, high = (losses.quantile(quantile, dim=0) for quantile in config.range)
    grid = torch.lerp(low, high, torch.linspace(0, 1, config.prompts).unsqueeze(1))
    prompts = losses.median(dim=0).values.repeat(classes, config.prompts, 1)
    for label in range(classes):
        prompts[label, :, label] = grid[:, label]
    networks = min(config.networks, runs.saved.shape[0])
    targets = prompts.unsqueeze(1).expand(-1, networks, -1, -1).reshape(-1, classes)
    start = torch.arange(networks).repeat_interleave(config.prompts).repeat(classes)
    starts = Starts(runs.theta[start, 0], runs.losses[start, 0])
    sampled = sample_networks(
        model, process, targets, starts, sampling.steps, sampling.stochasticity, generator
    )
    observed = measure(sampled, model.layout, split)[0].view(classes, networks, config.prompts, classes)
    diagonal = torch.arange(classes)
    return Probe(grid.T.unsqueeze(1).expand(-1, networks, -1), observed[diagonal, :, :, diagonal])


def alignment_rows(probe: Probe, step: int, starts: str, pivots: list[int]) -> list[AlignmentRow]:
    """One row a class."""
    alignment = prompt_alignment(probe.observed, probe.target).mean(dim=1)
    correlation = prompt_correlation(probe.observed, probe.target).mean(dim=1)
    return [
        AlignmentRow(
            step, starts, label, _role(label, pivots), float(alignment[label]), float(correlation[label])
        )
        for label in range(alignment.shape[0])
    ]


def prompt_rows(probe: Probe, starts: str, pivots: list[int]) -> list[PromptRow]:
    """One row a class, network and prompt."""
    classes, networks, prompts = probe.target.shape
    return [
        PromptRow(
            starts,
            label,
            _role(label, pivots),
            network,
            float(probe.target[label, network, prompt]),
            float(probe.observed[label, network, prompt]),
        )
        for label in range(classes)
        for network in range(networks)
        for prompt in range(prompts)
    ]


def _role(label: int, pivots: list[int]) -> str:
    return "pivot" if label in pivots else "free"
