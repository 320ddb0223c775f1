"""What is advised where something is missing can be typed, and helps."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from hyperforget.errors import UserError
from hyperforget.store.computations import computation_place
from hyperforget.store.documents import decode_at, encode_at
from hyperforget.store.remedies import advice, make_anew
from hyperforget.store.verification import verify
from hyperforget.store.versions import append_log, read_version
from tests.store.conftest import Run

NOBODY = "fetch it with 'hyperforget store pull', or delete the file that names it and run the workflow again"


def test_the_file_that_names_an_object_is_to_be_deleted(run: Run) -> None:
    for name in ("shard-0", "corpus"):
        told = make_anew(run.store, run.objects[name])
        assert told.startswith("delete ")
        assert told.endswith(f"{name}.json and run the workflow again")
    version = read_version(run.store, run.version_id)
    (table,) = [file.sha256 for file in version.files if file.path == "metrics.csv"]
    assert make_anew(run.store, table).endswith("metrics.csv and run the workflow again")
    assert make_anew(run.store, "0" * 64) == NOBODY
    (run.root / "recipes" / "ab").mkdir(exist_ok=True)
    (run.root / "recipes" / "ab" / "x.json").write_bytes(b"damaged")
    assert make_anew(run.store, table).startswith("delete ")


Use = Callable[[Run], object]


@pytest.mark.parametrize(
    "use",
    [
        lambda run: run.store.read(run.objects["networks"]),
        lambda run: append_log(run.store, run.version_id, ""),
    ],
)
@pytest.mark.parametrize("damaged", [False, True])
def test_a_refusal_says_what_to_delete(run: Run, use: Use, damaged: bool) -> None:
    folder = run.store.object_folder(run.objects["networks"])
    shutil.rmtree(folder / "data.zarr" if damaged else folder)
    with pytest.raises(UserError, match=r"delete .*dihyfo-1/forget-2\.json and run the workflow again"):
        use(run)


@pytest.mark.parametrize("change", [{"path": [1]}, {"path": None}, {"sha256": []}])
def test_a_record_that_names_no_files_gives_no_advice(run: Run, change: dict[str, Any]) -> None:
    place = computation_place(run.computations["networks"].id)
    body = decode_at(place, (run.root / place).read_bytes())
    body["outputs"]["forget-2.json"] |= change
    (run.root / place).write_bytes(encode_at(place, body))
    shutil.rmtree(run.store.object_folder(run.objects["networks"]))
    remedies = {finding.kind: finding.remedy for finding in verify(run.store, 0)}
    assert remedies["object"] == NOBODY
    assert "in its place if that is intact" in remedies["computation"]


def test_verification_says_what_to_do_about_each_finding(run: Run) -> None:
    shutil.rmtree(run.store.object_folder(run.objects["networks"]))
    (run.root / "tags/paper.json").write_bytes(b"damaged")
    (run.root / "store.json").unlink()
    remedies = {finding.kind: finding.remedy for finding in verify(run.store, 0)}
    assert remedies["object"].endswith("forget-2.json and run the workflow again")
    assert remedies["tag"] == f"put {run.root}/copies/tags/paper.json in its place if that is intact, or delete both"
    assert remedies["store"] == 'write { "format": 1, "hash": "sha256" } there'


@pytest.mark.parametrize("path", ["x" * 5000, "a/" * 3000, "a\0b", "\ud800"])
def test_a_recorded_path_that_no_file_can_have_is_no_error(run: Run, path: str) -> None:
    told = advice({run.objects["networks"]: [path]}, run.objects["networks"])
    assert told.startswith("delete ")
    assert told.endswith(" and run the workflow again")
    assert len(told) < 400
    assert told.isprintable()
