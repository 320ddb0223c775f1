"""Splits, collection, training, sampling and all else that is random draw from streams of their own."""

import shutil
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest
import torch

from hyperforget.records.files import read_rows
from hyperforget.records.hypernets import OptimizerRow
from hyperforget.runtime.randomness import generator_for
from tests.stages.streams import Streams, derived, load
from tests.stages.tiny_pipeline import SETTINGS, TASK, VALUES, collect, jobs, run, settings

pytestmark = pytest.mark.pipeline

MODELS = list(SETTINGS.models)
OPTIMIZERS = SETTINGS.learned_optimizers
# A sweep asks for networks as a request does: at the same prompt it shows the same ones.
ASKED = {
    f"0/sample/{TASK}/{method}/{forget}": {f"{kind}/{base}/{forget}", f"sweep/{method}"}
    for method, kind, base in (
        ("dihyfo-1", "sample", "dihyfo-1"),
        ("dihyfo-1-edit", "edit", "dihyfo-1"),
        ("dihyfo-2", "sample", "dihyfo-2"),
    )
    for forget in SETTINGS.tasks[TASK].forget_sets
}
# What several jobs share on purpose, so that they keep back the same runs, or are compared from the same numbers.
SHARED = ASKED | {
    f"0/unseen runs/{TASK}": {f"{stage}/{model}" for stage in ("train_hypernet", "probe_hypernet") for model in MODELS},
    f"0/probe/{TASK}/seen": {f"probe_hypernet/{model}" for model in MODELS},
    f"0/probe/{TASK}/unseen": {f"probe_hypernet/{model}" for model in MODELS},
    f"0/optimizers/{TASK}/starts": {f"compare_optimizers/{model}" for model in OPTIMIZERS},
    f"0/optimizers/{TASK}/minibatches": {f"compare_optimizers/{model}" for model in OPTIMIZERS},
    f"0/shared start/{TASK}": {f"collect_checkpoints/{shard}" for shard in range(2)},
}
# Every snapshot is probed, and every rival trained, with the same numbers.
REPEATED = {f"0/probe/{TASK}/seen", f"0/probe/{TASK}/unseen", f"0/optimizers/{TASK}/minibatches"}


@pytest.fixture(scope="module")
def streams(again: Path) -> Streams:
    return load(again / "streams.txt")


def test_no_two_jobs_draw_from_one_stream_but_on_purpose(streams: Streams) -> None:
    jobs_of = defaultdict(set)
    for job, derived_by in streams.items():
        for stream in derived_by:
            jobs_of[stream].add(job)
    assert {stream: drawing for stream, drawing in jobs_of.items() if len(drawing) > 1} == SHARED


def test_a_job_derives_a_stream_once_unless_it_is_to_repeat(streams: Streams) -> None:
    repeated = {stream for derived_by in streams.values() for stream, times in Counter(derived_by).items() if times > 1}
    assert repeated == REPEATED


def test_every_job_that_makes_or_asks_for_something_random_has_a_stream(streams: Streams) -> None:
    # What is only timed is the same for every seed.
    only_timed = ("export_generator", "measure_requests")
    nothing_random = ("assemble_corpus", "look_up", "evaluate", "gather_metrics", *only_timed)
    assert set(jobs(Path("results"))) - set(streams) == {
        name for name in jobs(Path("results")) if name.startswith(nothing_random)
    }
    purposes = {stream.split("/")[1] for derived_by in streams.values() for stream in derived_by}
    assert {"split", "collect", "train", "initialise", "reference", "strangers", "sample", "edit", "probe"} < purposes


def test_streams_of_different_purposes_are_not_correlated(streams: Streams) -> None:
    texts = sorted({stream for derived_by in streams.values() for stream in derived_by})
    assert len(texts) > 40
    count = 2**14
    split = [text.split("/", 1) for text in texts]
    drawn = torch.stack([torch.randn(count, generator=generator_for(int(seed), purpose)) for seed, purpose in split])
    correlations = torch.corrcoef(drawn.double()).fill_diagonal_(0)
    # Of some thousand pairs the largest is about 4 standard deviations.
    assert float(correlations.abs().max()) < 6 / count**0.5
    assert all(not torch.equal(one[:8], other[:8]) for one, other in combinations(drawn, 2))


def test_what_one_purpose_draws_leaves_the_others_as_they_are(copied: Path) -> None:
    def rows(path: Path) -> dict[str, list[OptimizerRow]]:
        found = defaultdict[str, list[OptimizerRow]](list)
        for row in read_rows(path, OptimizerRow):
            found[row.optimizer].append(row)
        return found

    path = copied / TASK / "gpt" / "optimizers.csv"
    before = rows(path)
    # More updates draw more noise for the hypernetwork, and another rival draws more minibatches.
    changed = settings(optimizers={"updates": 3, "adam_learning_rates": [0.02, 0.01]})
    run(jobs(copied, changed)["compare_optimizers/gpt"])
    after = rows(path)
    assert len(after["hypernetwork"]) > len(before["hypernetwork"])
    assert after["hypernetwork"][: len(before["hypernetwork"])] == before["hypernetwork"]
    assert after["sgd"] == before["sgd"]
    assert [row for row in after["adam"] if row.learning_rate == 0.01] == before["adam"]


@pytest.mark.parametrize("name", ["starts", "minibatches"])
def test_no_name_of_a_model_is_that_of_a_stream(copied: Path, name: str) -> None:
    shutil.copytree(copied / TASK / "gpt", copied / TASK / name)
    named = settings(models={name: VALUES["models"]["gpt"] | {"conditioning": "gpt"}})
    with derived() as deriving:
        run(jobs(copied, named)[f"compare_optimizers/{name}"])
    [derived_by] = deriving.streams.values()
    assert len(set(derived_by)) == 3


def test_a_corpus_has_streams_of_its_own(copied: Path) -> None:
    with derived() as deriving:
        for deriving.job in ("corpus", "corpus-again"):
            # Unknown to the store, so that the stage runs.
            run(collect(copied, 0, deriving.job, pivot_accuracy=0.4))
    own, other = (set(derived_by) - set(SHARED) for derived_by in deriving.streams.values())
    assert own
    assert other
    assert not own & other
