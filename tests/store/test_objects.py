"""Publishing and reading objects: identity, round trips, competitors and killed writers."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rfc8785
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import hyperforget
from hyperforget.errors import UserError
from hyperforget.store import formats
from hyperforget.store import objects as objects_module
from hyperforget.store.canonical import array_digest
from hyperforget.store.errors import MissingObjectError
from hyperforget.store.store import Store

DTYPES = (
    npst.boolean_dtypes() | npst.integer_dtypes(endianness="?") | npst.unsigned_integer_dtypes(endianness="?")
    | npst.floating_dtypes(endianness="?", sizes=(16, 32, 64))
)  # fmt: skip
ARRAYS = npst.arrays(DTYPES, npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,5}", fullmatch=True).filter(lambda name: name != "zarr.json")
SEGMENT: dict[str, np.ndarray] = {
    "theta": np.random.default_rng(0).normal(size=(6, 5, 7)).astype(np.float32),
    "step": np.arange(30, dtype=np.int32).reshape(6, 5),
    "seed": np.array(7, np.uint64),
}
PUBLISHER = """
import sys, time
from pathlib import Path
import numpy as np
from hyperforget.store.store import Store
store, ready, other = Store(Path(sys.argv[1])), *map(Path, sys.argv[2:])
import zarr
ready.touch()
while not other.exists():
    time.sleep(0.001)
for index in range(6):
    print(store.publish("networks", {"params": np.full((5, 3), index, np.float32)}, {"index": index}))
"""
KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from hyperforget.store.store import Store
os.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Store(Path(sys.argv[1])).publish("networks", {"params": np.ones((5, 3), np.float32)}, {})
"""


def stored_objects(store: Path) -> list[str]:
    return sorted(path.name for path in (store / "objects").glob("*/*"))


def staged(store: Path) -> list[Path]:
    return list((store / "tmp").iterdir())


def start(code: str, *arguments: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={"PYTHONPATH": str(Path(hyperforget.__file__).parents[1]), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_same_content_is_stored_once_whatever_order_layout_and_byte_order(tmp_path: Path) -> None:
    attributes = {"task": "digits-4", "rate": 0.5, "classes": (0, 1)}
    first = Store(tmp_path).publish("segment", SEGMENT, attributes)
    inode = (Store(tmp_path).object_folder(first) / "object.json").stat().st_ino
    disguised = {
        name: np.array(SEGMENT[name], dtype=SEGMENT[name].dtype.newbyteorder(">"), order="F")
        for name in reversed(SEGMENT)
    }
    again = Store(tmp_path).publish("segment", disguised, {"classes": [0.0, 1], "rate": 0.5, "task": "digits-4"})
    assert again == first
    assert stored_objects(tmp_path) == [first]
    assert (Store(tmp_path).object_folder(first) / "object.json").stat().st_ino == inode
    assert staged(tmp_path) == []


def test_id_can_be_recomputed_from_the_manifest_without_our_code(tmp_path: Path) -> None:
    axes = {"step": ("run", "step")}
    object_id = Store(tmp_path).publish("segment", SEGMENT, {"task": "t"}, dimensions=axes)
    folder = Store(tmp_path).object_folder(object_id)
    manifest = json.loads((folder / "object.json").read_bytes())
    assert hashlib.sha256(rfc8785.dumps(manifest["content"])).hexdigest() == object_id
    assert manifest["content"] == {
        "schema": 1,
        "kind": "segment",
        "attributes": {"task": "t"},
        "arrays": {
            name: {
                "dtype": array.dtype.name,
                "shape": list(array.shape),
                "dimensions": ["run", "step"] if name == "step" else None,
                "sha256": array_digest(array),
            }
            for name, array in SEGMENT.items()
        },
    }
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {*manifest["files"], "object.json"}
    for name, entry in manifest["files"].items():
        data = (folder / name).read_bytes()
        assert entry == {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_every_part_of_the_content_changes_the_id(tmp_path: Path) -> None:
    array = np.zeros((2, 3), np.float32)
    ids = {
        Store(tmp_path).publish("networks", {"a": array}, {}),
        Store(tmp_path).publish("segment", {"a": array}, {}),
        Store(tmp_path).publish("networks", {"b": array}, {}),
        Store(tmp_path).publish("networks", {"a": array.T}, {}),
        Store(tmp_path).publish("networks", {"a": -array}, {}),
        Store(tmp_path).publish("networks", {"a": array.astype(np.int32)}, {}),
        Store(tmp_path).publish("networks", {"a": array}, {"seed": 0}),
        Store(tmp_path).publish("networks", {"a": array}, {}, dimensions={"a": ("network", "parameter")}),
        Store(tmp_path).publish("corpus", {}, {}),
    }
    assert len(ids) == 9
    assert stored_objects(tmp_path) == sorted(ids)


@pytest.mark.parametrize("kind", ["networks", "hypernet"])
def test_round_trip_of_any_arrays(tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    store = tmp_path_factory.mktemp("store")

    @given(st.dictionaries(NAMES, ARRAYS, max_size=3))
    @settings(max_examples=25, deadline=None, database=None)
    def check(arrays: dict[str, np.ndarray]) -> None:
        found = Store(store).read(Store(store).publish(kind, arrays, {"note": "ä"}))
        assert found.kind == kind
        assert found.attributes == {"note": "ä"}
        assert sorted(found.arrays) == sorted(arrays)
        for name, array in arrays.items():
            expected = array.astype(array.dtype.newbyteorder("<"))
            assert found.arrays[name].dtype == expected.dtype
            assert found.arrays[name].shape == expected.shape
            assert found.arrays[name].tobytes() == expected.tobytes()

    check()


def test_sharded_arrays_survive_the_round_trip(tmp_path: Path) -> None:
    theta = np.random.default_rng(1).normal(size=(300, 2, 2500)).astype(np.float32)
    object_id = Store(tmp_path).publish("segment", {"theta": theta}, {})
    np.testing.assert_array_equal(Store(tmp_path).read(object_id).arrays["theta"], theta)


def test_a_corpus_is_attributes_only(tmp_path: Path) -> None:
    segments = ["a" * 64, "b" * 64]
    object_id = Store(tmp_path).publish("corpus", {}, {"segments": segments})
    assert Store(tmp_path).read_attributes(object_id, kind="corpus") == {"segments": segments}
    assert Store(tmp_path).read(object_id).arrays == {}
    assert [path.name for path in Store(tmp_path).object_folder(object_id).iterdir()] == ["object.json"]


def test_read_decodes_only_what_is_asked_for(tmp_path: Path) -> None:
    object_id = Store(tmp_path).publish("segment", SEGMENT, {})
    found = Store(tmp_path).read(object_id, ["step"])
    assert list(found.arrays) == ["step"]
    np.testing.assert_array_equal(found.arrays["step"], SEGMENT["step"])


@pytest.mark.parametrize(
    ("kind", "arrays", "attributes", "dimensions", "message"),
    [
        ("segments", {}, {}, {}, "'segments' is not one of .*did you mean 'segment'"),
        ("corpus", {"a": np.zeros(2)}, {}, {}, "corpus object has no arrays, but got a"),
        ("networks", {"../a": np.zeros(2)}, {}, {}, r"'\.\./a' is unfit"),
        ("networks", {"a/b": np.zeros(2)}, {}, {}, "'a/b' is unfit"),
        ("networks", {"zarr.json": np.zeros(2)}, {}, {}, "is unfit"),
        ("networks", {"a": np.array(["x"])}, {}, {}, "array a: arrays of dtype <U1"),
        ("networks", {"a": np.zeros(2)}, {}, {"a": ("x", "y")}, "array a .* 1 dimensions"),
        ("networks", {"a": np.zeros(2)}, {}, {"b": ("x",)}, "not published: b"),
        ("networks", {}, {"loss": float("nan")}, {}, r"attributes\.loss: nan"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_leaves_no_store(
    tmp_path: Path,
    kind: str,
    arrays: dict[str, Any],
    attributes: dict[str, Any],
    dimensions: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        Store(tmp_path / "store").publish(kind, arrays, attributes, dimensions=dimensions)
    assert not (tmp_path / "store").exists()


def test_wrong_requests_are_answered_with_one_sentence(tmp_path: Path) -> None:
    object_id = Store(tmp_path).publish("segment", SEGMENT, {})
    with pytest.raises(UserError, match=f"segment {object_id} has no array 'steps'.*did you mean 'step'"):
        Store(tmp_path).read(object_id, ["steps"])
    with pytest.raises(UserError, match=f"segment {object_id} .* was given for a corpus object"):
        Store(tmp_path).read(object_id, kind="corpus")
    with pytest.raises(UserError, match="64 lower-case hexadecimal digits"):
        Store(tmp_path).read("../" + object_id)
    with pytest.raises(
        MissingObjectError, match=f"corpus {'0' * 64} is missing from store {tmp_path} .*run the workflow again"
    ):
        Store(tmp_path).read("0" * 64, kind="corpus")
    with pytest.raises(MissingObjectError, match="gone, which does not exist"):
        Store(tmp_path / "gone").read(object_id)
    (tmp_path / "store.json").write_text('{"format": 2}')
    with pytest.raises(UserError, match="install a newer hyperforget"):
        Store(tmp_path).read(object_id)


def test_a_zarr_object_opens_without_our_code(tmp_path: Path) -> None:
    object_id = Store(tmp_path).publish("segment", SEGMENT, {"task": "t"}, dimensions={"step": ("run", "step")})
    group = zarr.open_group(Store(tmp_path).object_folder(object_id) / "data.zarr", mode="r")
    assert sorted(group.array_keys()) == sorted(SEGMENT)
    assert group.attrs["task"] == "t"
    for name, array in SEGMENT.items():
        np.testing.assert_array_equal(group[name][...], array)  # type: ignore[index]


@pytest.mark.processes
def test_two_processes_publish_the_same_objects_at_once(tmp_path: Path) -> None:
    store, marks = tmp_path / "store", [tmp_path / "0", tmp_path / "1"]
    writers = [start(PUBLISHER, store, *marks), start(PUBLISHER, store, *reversed(marks))]
    outputs = [writer.communicate(timeout=60) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], outputs
    ids = outputs[0][0].split()
    assert outputs[1][0].split() == ids
    assert stored_objects(store) == sorted(set(ids))
    assert staged(store) == []
    for index, object_id in enumerate(ids):
        np.testing.assert_array_equal(Store(store).read(object_id).arrays["params"], np.full((5, 3), index))


def test_losing_the_race_of_the_rename_drops_the_staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Store(tmp_path).publish("segment", SEGMENT, {})
    inode = Store(tmp_path).object_folder(first).stat().st_ino
    answers = iter([False, True])  # absent at first sight, there at the rename
    monkeypatch.setattr(objects_module, "_is_intact", lambda *_: next(answers))
    assert Store(tmp_path).publish("segment", SEGMENT, {}) == first
    assert Store(tmp_path).object_folder(first).stat().st_ino == inode
    assert staged(tmp_path) == []


def test_all_is_on_the_disk_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: set[int] = set()
    fsync, rename = os.fsync, os.rename

    def record(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def check(source: Path, target: Path) -> None:
        assert {path.stat().st_ino for path in [source, *source.rglob("*")]} <= synced
        rename(source, target)
        synced.clear()

    monkeypatch.setattr(os, "fsync", record)
    monkeypatch.setattr(os, "rename", check)
    object_id = Store(tmp_path).publish("segment", SEGMENT, {})
    shard = Store(tmp_path).object_folder(object_id).parent
    assert synced == {path.stat().st_ino for path in (shard, shard.parent, tmp_path)}


@pytest.mark.processes
def test_a_writer_killed_before_the_rename_leaves_nothing_visible(tmp_path: Path) -> None:
    writer = start(KILLED, tmp_path)
    writer.communicate(timeout=60)
    assert writer.returncode == -signal.SIGKILL
    assert stored_objects(tmp_path) == []
    assert len(staged(tmp_path)) == 1
    object_id = Store(tmp_path).publish("networks", {"params": np.ones((5, 3), np.float32)}, {})
    assert stored_objects(tmp_path) == [object_id]


def test_an_object_that_cannot_be_read_back_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form = formats.FORMATS["networks"]
    assert form is not None

    def write_zeros(path: Path, arrays: Mapping[str, np.ndarray], *rest: Any) -> None:
        form.write(path, {name: np.zeros_like(array) for name, array in arrays.items()}, *rest)

    monkeypatch.setitem(formats.FORMATS, "networks", type(form)(form.name, write_zeros, form.read))
    with pytest.raises(ValueError, match="array params has other values"):
        Store(tmp_path).publish("networks", {"params": np.ones(3)}, {})
    assert stored_objects(tmp_path) == []
    assert staged(tmp_path) == []
