"""A store that an earlier version of the package wrote: segments, a corpus, networks, a pack, two tags.

It lies in ``old_store.zip``, whose files nothing must ever write again: what is expected of them stands here.
"""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hyperforget.provenance.changes import diff
from hyperforget.store.computations import Computation, FileRef, read_records
from hyperforget.store.export import export_networks
from hyperforget.store.garbage import collect_garbage
from hyperforget.store.packs import load_pack
from hyperforget.store.store import Store
from hyperforget.store.tags import checkout, read_tag
from hyperforget.store.verification import verify
from hyperforget.store.versions import read_log

SEGMENTS = [
    "557451cbbdc50feb7f278f3f3044e810a27e141b40374833a59fbb386b1edf54",
    "fd8bf28e9005001505c70d1b726afe3ee1a1868ffc7bb63463be97319a1bbe70",
]
CORPUS = "6eeb3a3a56e9f6b6348058522bb1dec4cef2fc687c8dcfb558fa26f4e05e9412"
HYPERNET = "af4a8f530cbf83bffbd2ed123c24ef8d38fdc24f7a2ef20634eef830b8a1624e"  # that no tag leads to
NETWORKS = "d6d0dd8964b22663e0445a0dddc04dfdcbe0407dc575842006fbf24dbe0cef8d"
VERSIONS = {
    "old": "63e9e267222c92b0dae37d6e7bae74972b357d101168aa8b4d7fcc8ea6283533",
    "new": "8ae63316a9f90d4c89c98bde1d9211f71b0610b5a684014fb6c5da380b01157f",
}
COMPUTATIONS = {
    "0bfef8f8ee1ff649163dbb2ec134722ea52bd1b9ff1a51bb417bdd197993d501": "collect 0",
    "802c2a22ae2b8602470aa3eae8e5283ee387987410b10261c29f52de470a8d50": "sample",
    "8370de717322a0991c7b602074f8a8cb055aba3a66cf9526d4c09e3d8210f357": "gather",
    "b3b7dad3c3dc17fb15ee2be79e9705290be83a3ebcb01ce9d2f738aef6b21cc9": "collect 1",
    "bb1ac91e0f7718fd111eab1056ef9e4467b39cb62c6615eeeac3999d2d147271": "assemble",
    "bc165d1d46e0e34cdbfb4e89d371182ea93c6e9dc58499d1cca38dfce988889a": "gather",
}
THETA = np.arange(30, dtype=np.float32).reshape(2, 3, 5)
PARAMS = np.outer([1, -1], np.arange(1, 7)).astype(np.float32)
TABLE = "task,method,forget,selection,set,metric,value,low,high,n\ntoy,dihyfo-1,2,chosen,forget,accuracy,"


@pytest.fixture
def old(tmp_path: Path) -> Store:
    with zipfile.ZipFile(Path(__file__).with_name("old_store.zip")) as archive:
        packed = io.BytesIO(archive.read("store.tar"))
    with tarfile.open(fileobj=packed) as files:
        files.extractall(tmp_path, filter="data")
    return Store(tmp_path / "store")


def test_it_is_whole_down_to_its_values(old: Store) -> None:
    assert verify(old, 2) == []


def test_its_objects_are_read(old: Store) -> None:
    for shard, segment in enumerate(SEGMENTS):
        found = old.read(segment, kind="segment")
        assert found.attributes == {"shard": shard, "sizes": [1, 1, 2]}
        np.testing.assert_array_equal(found.arrays["theta"], (THETA + shard) / 4, strict=True)
        np.testing.assert_array_equal(found.arrays["saved"], [3, 2])
    assert old.read_attributes(CORPUS, kind="corpus") == {"segments": SEGMENTS}
    np.testing.assert_array_equal(old.read(HYPERNET, kind="hypernet").arrays["weight"], np.arange(6.0), strict=True)
    theta = load_pack(old, CORPUS, mapped=True)["theta"]
    np.testing.assert_array_equal(theta, np.concatenate([THETA, THETA + 1]) / 4)


def test_the_same_content_is_published_under_the_same_id(old: Store) -> None:
    files = {path: path.stat().st_ino for path in old.root.rglob("*") if path.is_file()}
    assert old.publish("networks", {"params": PARAMS}, {"sizes": [1, 1, 2], "chosen": 1}) == NETWORKS
    assert {path: path.stat().st_ino for path in old.root.rglob("*") if path.is_file()} == files


def test_its_computations_are_found_and_restored(old: Store, tmp_path: Path) -> None:
    assert {record.computation.id: record.computation.stage for record in read_records(old)} == COMPUTATIONS
    computation = Computation("collect 0", {"task": "toy"}, {"seed": 0, "rate": 0.5}, "c0de", {})
    found = old.look_up(computation)
    assert found is not None
    assert (found.objects, found.provenance) == ((SEGMENTS[0],), {"time": "2026-01-01T00:00:00+00:00"})
    old.restore(found, {"shard-0.json": tmp_path / "token.json"})
    assert SEGMENTS[0] in (tmp_path / "token.json").read_text()
    old.record(computation, {"shard-0.json": tmp_path / "token.json"}, {})  # the same result, so nothing changes
    assert old.look_up(Computation("collect 0", {}, None, "c0de", {"x": FileRef("x", "0" * 64)})) is None


def test_its_versions_are_diffed_and_checked_out(old: Store, tmp_path: Path) -> None:
    assert {name: read_tag(old, name).version_id for name in VERSIONS} == VERSIONS
    assert [(entry.number, entry.message) for entry in read_log(old)] == [(1, "first"), (2, "second")]
    changes = diff(old, tmp_path, "old", "new")
    assert (changes.added, changes.removed, changes.changed) == ((), (), ("metrics.csv",))
    assert [(cause.kind, cause.what, cause.old, cause.new) for cause in changes.causes] == [("config", "seed", 0, 1)]
    for name, value in (("old", "0.5,0.4,0.6,2\n"), ("new", "0.75,0.6,0.9,2\n")):
        checkout(old, VERSIONS[name], tmp_path / name)
        assert (tmp_path / name / "metrics.csv").read_text() == TABLE + value
        assert len(list((tmp_path / name).iterdir())) == 5


def test_its_networks_are_exported(old: Store, tmp_path: Path) -> None:
    export_networks(old, NETWORKS, tmp_path / "networks.npz")
    with np.load(tmp_path / "networks.npz") as arrays:
        np.testing.assert_array_equal(arrays["params"], PARAMS, strict=True)


def test_its_garbage_is_told(old: Store) -> None:
    found = collect_garbage(old, grace_seconds=0)
    assert [(removal.kind, removal.id) for removal in found] == [("object", HYPERNET)]
    assert verify(old, 2) == []
