"""Which prompts a probe asks for, and what a model that answers perfectly gets."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from hyperforget.collection.checkpoints import Corpus
from hyperforget.config import ProbeConfig, SamplingConfig
from hyperforget.config.performance import Metric, Performance
from hyperforget.data.splits import Split
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.sampling import Sampling, Starts
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.metrics.measuring import Outcomes, measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.probing import alignment as probing
from hyperforget.probing.alignment import (
    Probe,
    Prompted,
    alignment_rows,
    matching_values,
    probe_hypernetwork,
    probe_snapshots,
    prompt_rows,
    prompt_values,
    prompted_values,
)
from hyperforget.records.hypernets import AlignmentRow, PromptRow, Role, Runs
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from tests.conftest import InPieces

Asked = list[tuple[Tensor, Starts]]
RowsOf = Callable[[Resuming], tuple[list[AlignmentRow], list[PromptRow]]]

CLASSES, NETWORKS, PROMPTS = 4, 3, 5
CONFIG = ProbeConfig(prompts=PROMPTS, networks=NETWORKS, range=(0.1, 0.8))
SPLIT = Split(torch.randn(40, 6, generator=torch.Generator().manual_seed(0)), torch.arange(40) % CLASSES, CLASSES)


@pytest.fixture
def runs(make_corpus: Callable[..., Corpus]) -> Corpus:
    """An odd number of admitted checkpoints, so that their median is one of them."""
    corpus = make_corpus(12)
    if int(corpus.admitted().sum()) % 2 == 0:
        corpus.saved[0] = corpus.saved[0] + 1 if corpus.saved[0] < 4 else 3
        corpus.performance[0] = corpus.performance[0].nan_to_num(1.0)
    assert int(corpus.admitted().sum()) % 2
    return corpus


def probe(model: object, runs: Corpus, config: ProbeConfig = CONFIG) -> Probe:
    hypernet = TrainedHypernetwork(model, PROCESSES["ddpm"], {})  # type: ignore[arg-type]
    sampling = Sampling(SamplingConfig(steps=2), torch.Generator().manual_seed(0))
    return probe_hypernetwork(hypernet, runs, SPLIT, config, sampling)


def networks(params: Tensor) -> Networks:
    return Networks(params, PerceptronLayout((6, CLASSES)))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What was asked for; networks with exactly the prompted losses, and the discriminability where one is prompted,
    stand in for sampled ones.
    """
    calls: Asked = []

    def sample(hypernet: object, targets: Tensor, starts: Starts, sampling: Sampling) -> Networks:
        calls.append((targets, starts))
        return networks(targets)

    monkeypatch.setattr(probing, "sample", sample)
    monkeypatch.setattr(
        probing,
        "measure",
        lambda networks, split: Outcomes(
            networks.params[:, :CLASSES],
            networks.params[:, :CLASSES],
            networks.params[:, -CLASSES:],
            networks.params,
            split.class_sizes,
        ),
    )
    return calls


def perfect(performance: Performance | None = None) -> SimpleNamespace:
    return SimpleNamespace(layout=SimpleNamespace(classes=CLASSES), performance=performance or Performance())


PERFECT = perfect()
BOTH = Performance(also=("discriminability",))


def test_prompts_are_evenly_spaced_between_two_quantiles(runs: Corpus, asked: Asked) -> None:
    found = probe(PERFECT, runs)
    losses = runs.performance[runs.admitted()].numpy()
    low, high = np.quantile(losses, [0.1, 0.8], axis=0)
    expected = np.linspace(low, high, PROMPTS).T
    assert found.target.shape == found.observed.shape == (CLASSES, NETWORKS, PROMPTS)
    for network in range(NETWORKS):
        np.testing.assert_allclose(found.target[:, network].numpy(), expected, rtol=1e-5)
        assert torch.equal(found.target[:, network], prompt_values(runs, CONFIG))


def test_other_classes_are_asked_for_their_median(runs: Corpus, asked: Asked) -> None:
    found = probe(PERFECT, runs)
    targets = asked[0][0].view(CLASSES, NETWORKS, PROMPTS, CLASSES)
    median = torch.from_numpy(np.median(runs.performance[runs.admitted()].numpy(), axis=0))
    for prompted in range(CLASSES):
        for label in range(CLASSES):
            told = targets[prompted, ..., label]
            expected = found.target[label] if label == prompted else median[label].expand_as(told)
            torch.testing.assert_close(told, expected)


def test_networks_start_from_the_random_starts_of_runs(runs: Corpus, asked: Asked) -> None:
    probe(PERFECT, runs)
    starts = asked[0][1]
    for network in range(NETWORKS):
        rows = slice(network * PROMPTS, (network + 1) * PROMPTS)
        assert torch.equal(starts.params[rows], runs.all_theta[network, 0].expand(PROMPTS, -1))
        assert torch.equal(starts.performance[rows], runs.performance[network, 0].expand(PROMPTS, -1))
    assert starts.params.shape[0] == CLASSES * NETWORKS * PROMPTS


def test_a_perfect_model_has_alignment_and_correlation_one(runs: Corpus, asked: Asked) -> None:
    found = probe(PERFECT, runs)
    assert torch.equal(found.observed, found.target)
    rows = alignment_rows(found, 7, "unseen", prompted_values(Performance(), range(CLASSES), pivots=[0, 1]))
    assert [(row.step, row.starts, row.metric, row.class_) for row in rows] == [
        (7, "unseen", "loss", str(label)) for label in range(CLASSES)
    ]
    assert [row.role for row in rows] == ["pivot", "pivot", "free", "free"]
    for row in rows:
        assert row.r_squared == pytest.approx(1, abs=1e-5)
        assert row.correlation == pytest.approx(1, abs=1e-5)


def test_alignment_is_the_mean_over_networks() -> None:
    target = torch.linspace(0, 4, PROMPTS).expand(1, 2, PROMPTS)
    observed = torch.stack([target[0, 0], target[0, 0].flip(0)]).unsqueeze(0)
    (row,) = alignment_rows(Probe(target, observed), 1, "seen", [Prompted("loss", "0", "pivot")])
    # One network is perfect; the reversed one misses by twice each deviation from the mean, so R² = 1 - 4.
    assert row.r_squared == pytest.approx((1 - 3) / 2, abs=1e-5)
    assert row.correlation == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("metrics", [["loss"], ["loss", "discriminability"], ["accuracy"]])
def test_prompt_rows_hold_every_prompt_of_every_network(metrics: list[Metric]) -> None:
    first, *also = metrics
    count = len(metrics) * CLASSES
    target, observed = torch.rand(count, NETWORKS, PROMPTS), torch.rand(count, NETWORKS, PROMPTS)
    prompted = prompted_values(Performance(first, also=tuple(also)), range(CLASSES), pivots=[3])
    rows = prompt_rows(Probe(target, observed), "seen", prompted)
    assert len(rows) == count * NETWORKS * PROMPTS
    assert {row.starts for row in rows} == {"seen"}
    for index in range(count):
        metric, label = metrics[index // CLASSES], index % CLASSES
        for network in range(NETWORKS):
            wanted = (metric, str(label), network)
            found = [row for row in rows if (row.metric, row.class_, row.network) == wanted]
            assert {row.role for row in found} == {"pivot" if label == 3 else "free"}
            assert [row.target for row in found] == target[index, network].tolist()
            assert [row.observed for row in found] == observed[index, network].tolist()


@pytest.mark.parametrize("metrics", [["loss"], ["loss", "discriminability"], ["accuracy"]])
@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ("each", [("0", "free"), ("1", "free"), ("2", "free"), ("3", "pivot")]),
        ("mean", [("all", "all")]),
        (0, [("0", "free")]),
        (3, [("3", "pivot")]),
    ],
)
def test_what_is_prompted_has_a_metric_a_class_and_a_role(
    classes: int | Literal["each", "mean"], expected: list[tuple[str, Role]], metrics: list[Metric]
) -> None:
    performance = Performance(metrics[0], classes, also=tuple(metrics[1:]))
    found = prompted_values(performance, range(CLASSES), pivots=[3])
    assert found == [Prompted(metric, class_, role) for metric in metrics for class_, role in expected]
    assert len(found) == performance.count(CLASSES)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [1, 49, 50, 99, 100, 1000])
def test_matching_values_are_medians_over_the_nearest_two_in_a_hundred(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, others, wanted = rng.permutation(count) / count, rng.normal(size=count), rng.uniform(-0.5, 1.5, size=7)
    found = matching_values(*(torch.from_numpy(array) for array in (values, others, wanted)))
    near = max(1, 2 * count // 100)
    for value, ask in zip(found.tolist(), wanted, strict=True):
        nearest = sorted(others[np.argsort(np.abs(values - ask))[:near]])
        # torch takes the lower of two medians.
        assert value == nearest[(near - 1) // 2]


def test_matching_values_of_a_dependent_value_are_near_what_it_is_there() -> None:
    values = torch.rand(2000, generator=torch.Generator().manual_seed(0))
    wanted = torch.linspace(0.05, 0.95, 9)
    torch.testing.assert_close(matching_values(values, 3 - 2 * values, wanted), 3 - 2 * wanted, atol=0.03, rtol=0)


def test_what_else_is_told_of_a_class_moves_with_what_is_prompted(
    make_corpus: Callable[..., Corpus], asked: Asked
) -> None:
    """In this corpus, discriminability is 3 less half of the loss."""
    runs = make_corpus(400, told=BOTH)
    found = probe(perfect(BOTH), runs)
    assert found.target.shape == found.observed.shape == (2 * CLASSES, NETWORKS, PROMPTS)
    assert torch.equal(found.observed, found.target)
    assert torch.equal(found.target[:, 0], prompt_values(runs, CONFIG))
    targets = asked[0][0].view(2, CLASSES, NETWORKS, PROMPTS, 2, CLASSES)
    median = runs.performance[runs.admitted()].median(dim=0).values.view(2, CLASSES)
    for metric in range(2):
        for label in range(CLASSES):
            told = targets[metric, label]
            losses, discriminability = told[..., 0, label], told[..., 1, label]
            torch.testing.assert_close(discriminability, 3 - losses / 2, atol=0.06, rtol=0)
            prompted = found.target[metric * CLASSES + label]
            torch.testing.assert_close(told[..., metric, label], prompted)
            for other in {*range(CLASSES)} - {label}:
                torch.testing.assert_close(told[..., other], median[:, other].expand(NETWORKS, PROMPTS, 2))


@pytest.mark.parametrize("metric", ["loss", "error", "accuracy", "discriminability"])
@pytest.mark.parametrize("classes", ["mean", 2])
def test_one_number_is_prompted_and_measured_in_its_metric(
    monkeypatch: pytest.MonkeyPatch,
    metric: Metric,
    classes: int | Literal["each", "mean"],
) -> None:
    """Networks that are their own losses, each with half of the images of every class right."""
    told = Performance(metric, classes)
    known = torch.ones(6, 4, CLASSES, dtype=torch.bool)
    runs = Corpus(torch.rand(6, 4, CLASSES), torch.rand(6, 4, 1), known, torch.full((6,), 4))
    halves = SPLIT.labels.bincount() // 2

    def sample(hypernet: object, targets: Tensor, starts: Starts, sampling: Sampling) -> Networks:
        assert targets.shape == (NETWORKS * PROMPTS, 1)
        assert torch.equal(starts.performance, runs.performance[:NETWORKS, 0].repeat_interleave(PROMPTS, 0))
        return networks(targets * torch.arange(1, CLASSES + 1))

    monkeypatch.setattr(probing, "sample", sample)
    monkeypatch.setattr(
        probing,
        "measure",
        lambda networks, split: Outcomes(
            networks.params, halves.expand(len(networks), -1), 2 * networks.params, networks.params, split.class_sizes
        ),
    )
    found = probe(perfect(told), runs)
    assert found.target.shape == found.observed.shape == (1, NETWORKS, PROMPTS)
    factor = 3 if classes == 2 else 2.5
    expected = {
        "loss": found.target * factor,
        "discriminability": 2 * found.target * factor,
    }.get(metric, torch.full_like(found.target, 0.5))
    torch.testing.assert_close(found.observed, expected)


def test_fewer_runs_than_networks_are_all_used(runs: Corpus, asked: Asked) -> None:
    found = probe(PERFECT, runs.runs(torch.arange(2)))
    assert found.target.shape == (CLASSES, 2, PROMPTS)


@pytest.mark.parametrize("conditioning", ["dihyfo-1", "dihyfo-2"])
def test_a_real_model_is_measured_on_the_split(
    build: Callable[..., Hypernetwork], layout: Layout, runs: Corpus, conditioning: str
) -> None:
    model = build(conditioning, random=False)
    found = probe(model, runs)
    # Untrained, it returns its start, or zeros: logits of zero, and a loss of log 4, for every image.
    if conditioning == "dihyfo-2":
        torch.testing.assert_close(found.observed, torch.full_like(found.observed, float(np.log(4))))
    else:
        assert torch.equal(found.observed, found.observed[..., :1].expand_as(found.observed))
        expected = measure(Networks(runs.all_theta[:NETWORKS, 0], layout), SPLIT).losses
        torch.testing.assert_close(found.observed[..., 0], expected.T, atol=1e-5, rtol=1e-4)


@pytest.fixture
def rows_of(build: Callable[..., Hypernetwork], make_corpus: Callable[..., Corpus]) -> RowsOf:
    """The rows of two snapshots, probed from the starts of two corpora."""
    snapshots = {step: build("dihyfo-1", seed=step).state_dict() for step in (10, 20)}
    hypernet = TrainedHypernetwork(build("dihyfo-1"), PROCESSES["ddpm"], snapshots)
    runs: dict[Runs, Corpus] = {"seen": make_corpus(12), "unseen": make_corpus(4, seed=1)}
    prompted = prompted_values(Performance(), range(CLASSES), [0, 1])

    def rows(resuming: Resuming) -> tuple[list[AlignmentRow], list[PromptRow]]:
        config = SamplingConfig(steps=2, stochasticity=1.0)

        def sampling(name: str) -> Sampling:
            return Sampling(config, torch.Generator().manual_seed(len(name)), resuming)

        return probe_snapshots(hypernet, runs, SPLIT, prompted, CONFIG, sampling)

    return rows


def test_every_snapshot_is_probed_and_the_prompts_of_the_last_are_kept(rows_of: RowsOf) -> None:
    alignment, prompts = rows_of(NOT_RESUMING)
    assert [(row.step, row.starts) for row in alignment] == [
        (step, starts) for step in (10, 20) for starts in ("seen", "unseen") for _ in range(CLASSES)
    ]
    assert [row.starts for row in prompts] == ["seen"] * 60 + ["unseen"] * 60
    assert alignment[0].r_squared != alignment[2 * CLASSES].r_squared


@pytest.mark.parametrize("kills", [[3], [5, 2], [7]])
def test_probes_that_are_killed_time_and_again_end_as_if_they_never_were(
    in_pieces: InPieces, rows_of: RowsOf, kills: list[int]
) -> None:
    assert in_pieces(rows_of, kills) == rows_of(NOT_RESUMING)
