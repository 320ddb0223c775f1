"""Packs: equal to the segments, checked on loading, and renewed where they are damaged."""

import os

import numpy as np
import pytest

from hyperforget.errors import UserError
from hyperforget.store import packs as packs_module
from hyperforget.store.documents import decode_document, encode_document
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.packs import build_pack, load_pack
from hyperforget.store.store import Store
from tests.store.conftest import Run


def joined(run: Run) -> dict[str, np.ndarray]:
    parts = [run.store.read(run.objects[name]).arrays for name in ("shard-0", "shard-1")]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@pytest.mark.parametrize("mapped", [False, True])
def test_a_pack_holds_all_runs_in_order(run: Run, mapped: bool) -> None:
    found = load_pack(run.store, run.objects["corpus"], mapped=mapped)
    expected = joined(run)
    assert sorted(found) == sorted(expected)
    for name, array in found.items():
        assert array.dtype == expected[name].dtype
        np.testing.assert_array_equal(array, expected[name])
        array[0] = 0  # as training may, without harm to the file
    again = load_pack(run.store, run.objects["corpus"], mapped=mapped)
    np.testing.assert_array_equal(again["theta"], expected["theta"])


def test_a_pack_is_made_once_and_opens_without_our_code(run: Run) -> None:
    folder = build_pack(run.store, run.objects["corpus"])
    assert folder == run.store.pack_folder(run.objects["corpus"])
    inode = (folder / "theta.npy").stat().st_ino
    os.utime(folder, (1, 1))
    load_pack(run.store, run.objects["corpus"])
    assert (folder / "theta.npy").stat().st_ino == inode
    assert folder.stat().st_mtime > 1
    theta = np.load(folder / "theta.npy", mmap_mode="r", allow_pickle=False)
    np.testing.assert_array_equal(theta, joined(run)["theta"])
    assert list((run.root / "tmp").iterdir()) == []


def test_building_again_replaces_and_leaves_a_mapped_pack_to_its_reader(run: Run) -> None:
    mapped = load_pack(run.store, run.objects["corpus"], mapped=True)["theta"]
    folder = build_pack(run.store, run.objects["corpus"])
    np.testing.assert_array_equal(mapped, joined(run)["theta"])
    arrays = {"theta.npy", "loss.npy", "correct.npy", "discriminability.npy", "separability.npy", "saved.npy"}
    assert {path.name for path in folder.iterdir()} == arrays | {"pack.json"}
    assert list((run.root / "tmp").iterdir()) == []


def test_a_pack_of_another_corpus_is_not_believed(run: Run) -> None:
    corpus = run.store.publish("corpus", {}, {"segments": [run.objects["shard-1"]]})
    build_pack(run.store, run.objects["corpus"])
    os.rename(run.store.pack_folder(run.objects["corpus"]), run.store.pack_folder(corpus))
    assert load_pack(run.store, corpus)["theta"].shape == (3, 4, 14)


def test_a_pack_that_lacks_an_array_is_made_anew(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(packs_module, "ALWAYS", ("theta", "loss", "saved"))
        earlier.setattr(packs_module, "ARRAYS", ("theta", "loss", "saved"))
        build_pack(run.store, run.objects["corpus"])
    found = load_pack(run.store, run.objects["corpus"])
    assert set(found) == {"theta", "loss", "correct", "discriminability", "separability", "saved"}


def test_what_cannot_be_packed(run: Run) -> None:
    with pytest.raises(UserError, match="was given for a corpus object"):
        load_pack(run.store, run.objects["shard-0"])
    with pytest.raises(MissingObjectError, match="corpus 0000"):
        load_pack(run.store, "0" * 64)
    arrays = {"theta": np.zeros((2, 4, 15)), "loss": np.zeros((2, 4, 2)), "saved": np.zeros(2)}
    other = run.store.publish("segment", arrays, {})
    corpus = run.store.publish("corpus", {}, {"segments": [run.objects["shard-0"], other]})
    with pytest.raises(UserError, match=rf"segment {other} .* theta has shape \(4, 15\) and dtype float64"):
        load_pack(run.store, corpus)
    empty = run.store.publish("corpus", {}, {"segments": []})
    with pytest.raises(UserError, match=f"corpus {empty} has no segments"):
        load_pack(run.store, empty)
    assert list((run.root / "tmp").iterdir()) == []


def test_a_disk_that_does_not_keep_what_is_written(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(where: Store, corpus_id: str) -> None:
        path = where.pack_folder(corpus_id) / "theta.npy"
        path.write_bytes(path.read_bytes()[:-4] + b"\1\2\3\4")

    build_pack(run.store, run.objects["corpus"])
    build(run.store, run.objects["corpus"])
    monkeypatch.setattr(packs_module, "build_pack", build)
    with pytest.raises(CorruptObjectError, match="made just now; check the disk"):
        load_pack(run.store, run.objects["corpus"])


def test_a_pack_that_is_said_to_be_larger_than_its_files_asks_for_no_memory(run: Run) -> None:
    expected = load_pack(run.store, run.objects["corpus"])
    path = run.store.pack_folder(run.objects["corpus"]) / "pack.json"
    body = decode_document(path.read_bytes())
    body["arrays"]["theta"]["shape"] = [2**50]
    path.write_bytes(encode_document(body))
    found = load_pack(run.store, run.objects["corpus"])
    np.testing.assert_array_equal(found["theta"], expected["theta"])
