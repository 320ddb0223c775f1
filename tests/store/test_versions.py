"""Versions and the log of them."""

import hashlib
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.store.documents import delete_document
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.store import Store
from hyperforget.store.versions import append_log, log_place, read_log, read_version, snapshot
from tests.store.conftest import Run


def test_a_version_is_the_digest_of_the_sorted_list_of_result_files(run: Run) -> None:
    expected = [
        [path, hashlib.sha256((run.results / path).read_bytes()).hexdigest()]
        for path in (
            "digits-4/checkpoints/shard-0.json",
            "digits-4/checkpoints/shard-1.json",
            "digits-4/corpus.json",
            "digits-4/dihyfo-1/forget-2.json",
            "metrics.csv",
            "report.html",
        )
    ]
    text = json.dumps(expected, separators=(",", ":")).encode()
    version = snapshot(run.store, run.results)
    assert version.id == run.version_id == hashlib.sha256(text).hexdigest()
    assert [[file.path, file.sha256] for file in version.files] == expected
    assert read_version(run.store, version.id) == version
    for file in version.files:
        assert run.store.get_blob(file.sha256) == (run.results / file.path).read_bytes()


def test_a_version_holds_the_page_of_a_generator_but_not_that_of_the_results_folder(run: Run) -> None:
    card = run.results / "digits-4/dihyfo-1/generator/README.md"
    card.parent.mkdir()
    for page in (card, run.results / "README.md"):
        page.write_text("# Page\n", encoding="utf-8")
    kept = {file.path for file in snapshot(run.store, run.results).files}
    assert {path for path in kept if path.endswith(".md")} == {"digits-4/dihyfo-1/generator/README.md"}


def test_what_is_no_result_stays_out(run: Run, tmp_path: Path) -> None:
    for name in (
        "logs/a.log", "benchmarks/b.jsonl", "store/store.json", "store/c.json", ".hidden/x.json", "a/.x.json.0.partial",
        ".token.json", "README.md", "ro-crate-metadata.json", "notes.txt",
    ):  # fmt: skip
        (run.results / name).parent.mkdir(exist_ok=True)
        (run.results / name).write_text("x")
    inside = run.results / "depot"
    shutil.copytree(run.root, inside)
    assert snapshot(Store(inside), run.results).id == run.version_id
    for name in ("figures/a.svg", "tables/a.tex", "tables/a.html", "logs/a.json", "benchmarks/a.csv", "n.safetensors"):
        (run.results / name).parent.mkdir(exist_ok=True)
        (run.results / name).write_text(name)
        assert name in [file.path for file in snapshot(Store(inside), run.results).files]


def test_no_results_no_version(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"folder {tmp_path}/none does not exist"):
        snapshot(Store(tmp_path / "store"), tmp_path / "none")
    (tmp_path / "README.md").touch()
    with pytest.raises(UserError, match="holds no results; run the workflow first"):
        snapshot(Store(tmp_path / "store"), tmp_path)


@pytest.mark.parametrize(
    "text",
    ["x", "{}", "[]", "[1]", '[["a"]]', '[["a","b"]]', '[["../a",ID]]', '[["/a",ID]]', '[["",ID]]', "[[]]"],
)
def test_other_files_are_no_versions(tmp_path: Path, text: str) -> None:
    sha256 = Store(tmp_path).put_blob(text.replace("ID", f'"{"0" * 64}"').encode())
    with pytest.raises(UserError, match="is a file, but no version"):
        read_version(Store(tmp_path), sha256)


def test_the_log_keeps_order_version_and_message(run: Run) -> None:
    (run.results / "metrics.csv").write_text("other")
    other = snapshot(run.store, run.results).id
    entry = append_log(run.store, other, "second: ä")
    assert entry.number == 2
    assert entry.time.endswith("+00:00")
    assert [(each.number, each.version_id, each.message) for each in read_log(run.store)] == [
        (1, run.version_id, "first"),
        (2, other, "second: ä"),
    ]


def test_many_that_append_at_once_all_get_a_number(run: Run) -> None:
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda n: append_log(run.store, run.version_id, str(n)), range(24)))
    assert sorted(entry.number for entry in entries) == list(range(2, 26))
    assert read_log(run.store)[1:] == sorted(entries, key=lambda entry: entry.number)


def test_a_gap_and_a_damaged_entry_are_not_passed_over(run: Run) -> None:
    for message in ("second", "third"):
        append_log(run.store, run.version_id, message)
    (run.root / log_place(3)).unlink()
    with pytest.raises(CorruptObjectError, match=r"00000003\.json was deleted, but not its copy"):
        read_log(run.store)
    assert append_log(run.store, run.version_id, "fourth").number == 4  # a number is not given twice
    os.rename(run.root / log_place(4), run.root / log_place(3))
    with pytest.raises(CorruptObjectError, match="was written at another place"):
        read_log(run.store)
    delete_document(run.store, log_place(2))
    with pytest.raises(CorruptObjectError, match=r"entry 2 of the log of store .* is missing"):
        read_log(run.store)


def test_what_is_logged_must_be_there(run: Run) -> None:
    with pytest.raises(MissingObjectError, match="0000 is missing"):
        append_log(run.store, "0" * 64, "")
    shutil.rmtree(run.store.object_folder(run.objects["shard-1"]))
    with pytest.raises(MissingObjectError, match=r"shard-1\.json names segment .* is missing"):
        append_log(run.store, run.version_id, "")
    assert len(read_log(run.store)) == 1


def test_a_version_without_one_of_its_files_is_not_logged(run: Run) -> None:
    run.store.blob_path(read_version(run.store, run.version_id).files[-1].sha256).unlink()
    with pytest.raises(MissingObjectError, match=f"a part of version {run.version_id}, is missing"):
        append_log(run.store, run.version_id, "")


def test_the_log_of_no_store(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a store"):
        read_log(Store(tmp_path))
