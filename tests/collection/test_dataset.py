"""The corpus as torch reads data sets, against the arrays that it was made of."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

import hyperforget
from hyperforget.collection.dataset import CheckpointDataset, corpus
from hyperforget.errors import UserError
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.store import Store
from hyperforget.store.tokens import write_token
from tests.collection.small_corpus import CLASSES, IMAGES, LABELS, PARAMETERS, SAVED, make_corpus, segment

SEGMENTS = [segment(seed) for seed in range(len(SAVED))]


def expected(name: str, *, starts: bool = False) -> np.ndarray:
    """What segments say of checkpoints, one after the other."""
    return np.array(
        [
            arrays[name][run, place]
            for arrays, saved in zip(SEGMENTS, SAVED, strict=True)
            for run, count in enumerate(saved)
            for place in range(0 if starts else 1, count)
        ]
    )


def test_items_are_parameters_and_losses_of_checkpoints(task: Path) -> None:
    found = hyperforget.corpus(task)
    items = [found[index] for index in range(len(found))]
    np.testing.assert_array_equal(torch.stack([item[0] for item in items]), expected("theta"))
    np.testing.assert_array_equal(torch.stack([item[1] for item in items]), expected("loss"))
    np.testing.assert_array_equal(found.step, expected("step"))
    runs = [run for run, count in enumerate(sum(SAVED, ())) for _ in range(1, count)]
    assert found.run.tolist() == runs
    assert not found.start.any()
    assert (found.layout.attributes["sizes"], found.labels, found.mean, found.std) == ([64, 7, 10], LABELS, 5.0, 6.0)


def test_starts_are_marked(task: Path) -> None:
    found = corpus(task, starts=True)
    np.testing.assert_array_equal(found.parameters(torch.arange(len(found))), expected("theta", starts=True))
    assert found.start.sum() == len(sum(SAVED, ()))
    assert found.start.equal(found.step == 0)


def test_several_metrics_are_told_one_after_the_other(task: Path) -> None:
    found = corpus(task, ["separability", "accuracy"])
    accuracies = (expected("correct") / np.array(IMAGES)).astype(np.float32)
    np.testing.assert_allclose(found.performance, np.hstack([expected("separability"), accuracies]))
    assert found.columns[CLASSES - 1 : CLASSES + 1] == (("separability", LABELS[-1]), ("accuracy", LABELS[0]))


def test_a_loader_and_the_items_agree(task: Path) -> None:
    found = corpus(task)
    batches = list(DataLoader(found, batch_size=5))
    assert torch.cat([parameters for parameters, _ in batches]).equal(found.parameters(torch.arange(len(found))))
    assert torch.cat([performance for _, performance in batches]).equal(found.performance)
    assert found[-1][0].equal(found[len(found) - 1][0])
    with pytest.raises(IndexError):
        found[len(found)]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
def test_no_run_is_on_two_sides_of_a_split_and_none_is_lost(task: Path, weights: list[int], seed: int) -> None:
    found = corpus(task, starts=True)
    shares = [weight / sum(weights) for weight in weights]
    parts, again = found.split(*shares, seed=seed), found.split(*shares, seed=seed)
    runs = [part.run.unique().tolist() for part in parts]
    assert sorted(run for part in runs for run in part) == list(range(len(sum(SAVED, ()))))
    assert sum(map(len, parts)) == len(found)
    for share, part, same in zip(shares, runs, again, strict=True):
        assert abs(len(part) - share * len(sum(SAVED, ()))) <= 1
        assert part == same.run.unique().tolist()
    assert parts[0][0][0].equal(found[int((found.run == parts[0].run[0]).nonzero()[0])][0])


@pytest.mark.parametrize("shares", [(), (0.5, 0.6), (1.5, -0.5), (0.0, 1.0), (float("nan"),)])
def test_shares_that_are_none_are_one_sentence(task: Path, shares: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match="allowed are positive numbers that sum to 1"):
        corpus(task).split(*shares)


def test_a_part_without_a_run_is_one_sentence(task: Path) -> None:
    with pytest.raises(UserError, match="of which one has none of the 9 runs"):
        corpus(task).split(0.01, 0.99)


def test_further_corpora_go_by_their_names_in_the_configuration(copied: Path) -> None:
    make_corpus(copied.parent, name="corpus-ends")
    assert len(corpus(copied, name="ends")) == len(corpus(copied))
    with pytest.raises(UserError, match=r"corpus 'end' is not in .*; allowed are corpus, ends; did you mean 'ends'\?"):
        corpus(copied, name="end")


def test_a_store_may_lie_elsewhere(copied: Path, tmp_path: Path) -> None:
    shutil.move(copied.parent / "store", tmp_path / "elsewhere")
    assert len(corpus(copied, store=tmp_path / "elsewhere")) == len(expected("step"))
    with pytest.raises(MissingObjectError, match="which does not exist itself"):
        corpus(copied)


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("results/digts", r"no corpus is in 'results/digts'; allowed are results/digits; did you mean 'digits'\?$"),
        ("results", "no corpus is in 'results'; allowed are results/digits$"),
        ("elsewhere", "no corpus is in 'elsewhere'; allowed is the folder of a task in which a run made"),
        ("results/digits/corpus.json", "is a file; allowed is the folder of a task"),
    ],
)
def test_what_holds_no_corpus_is_one_sentence(
    copied: Path, tmp_path: Path, folder: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=sentence):
        corpus(folder)


def test_metrics_that_are_none_are_one_sentence(task: Path) -> None:
    with pytest.raises(UserError, match=r"told has 'los'; allowed are loss, .*; did you mean 'loss'\?"):
        corpus(task, ["los"])  # type: ignore[list-item]
    with pytest.raises(UserError, match="told is empty; allowed are some of loss,"):
        corpus(task, [])


def flip(path: Path) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_segment_is_told(copied: Path) -> None:
    for path in (copied.parent / "store" / "objects").rglob("theta/c/*/*/*"):
        flip(path)
    shutil.rmtree(copied.parent / "store" / "packs", ignore_errors=True)
    with pytest.raises(CorruptObjectError, match=r"segment .* is damaged"):
        corpus(copied)


def test_damaged_parameters_are_laid_out_anew(copied: Path) -> None:
    corpus(copied)
    for path in (copied.parent / "store" / "packs").rglob("theta.npy"):
        flip(path)
    found = corpus(copied)
    np.testing.assert_array_equal(found.parameters(torch.arange(len(found))), expected("theta"))


@pytest.mark.parametrize("name", ["corpus.json", "dataset.json"])
def test_a_damaged_token_is_told(copied: Path, name: str) -> None:
    (copied / name).write_text("{")
    with pytest.raises(UserError, match=f"token .*{name} is not JSON"):
        corpus(copied)


def test_data_of_other_classes_are_not_taken_for_those_of_the_corpus(copied: Path) -> None:
    store = Store(copied.parent / "store")
    other = store.publish("dataset", {"validation_labels": np.arange(2)}, {"labels": [0, 1], "mean": 0.0, "std": 1.0})
    write_token(copied / "dataset.json", "dataset", other, {})
    with pytest.raises(UserError, match=r"dataset\.json is not the data that .*corpus\.json was collected on"):
        corpus(copied)


@pytest.mark.parametrize("told", [{}, {"sizes": [2, 2]}, {"sizes": [2, 2], "spec": {}}, {"sizes": 3, "spec": []}])
def test_segments_that_do_not_say_what_they_are_are_refused(copied: Path, told: dict[str, object]) -> None:
    store = Store(copied.parent / "store")
    bare = store.publish("segment", segment(0), told)
    for segments, sentence in (([bare], "does not tell how it was collected"), ([], "names no segments")):
        write_token(copied / "corpus.json", "corpus", store.publish("corpus", {}, {"segments": segments}), {})
        with pytest.raises(UserError, match=sentence):
            corpus(copied)


def test_a_store_that_cannot_be_written_is_told(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(store: object, corpus_id: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "packs")

    shutil.rmtree(copied.parent / "store" / "packs", ignore_errors=True)
    monkeypatch.setattr("hyperforget.store.packs.build_pack", refuse)
    with pytest.raises(UserError, match=r"cannot be laid out in its store \(packs: Read-only file system\); make room"):
        corpus(copied)


def shown_in_python() -> str:
    """What the document on the corpus shows."""
    text = (Path(__file__).parents[2] / "docs" / "corpus.md").read_text(encoding="utf-8")
    [shown] = [part.split("```")[0] for part in text.split("```python\n")[1:] if "hyperforget.corpus(" in part]
    return shown


def test_what_the_document_shows_runs(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copied.parents[1])
    names: dict[str, object] = {}
    exec(shown_in_python(), names)
    assert isinstance(found := names["checkpoints"], CheckpointDataset)
    assert isinstance(parameters := names["parameters"], torch.Tensor)
    assert isinstance(performance := names["performance"], torch.Tensor)
    assert parameters.shape[-1] == PARAMETERS
    assert performance.shape[-1] == 2 * CLASSES == len(found.columns)
