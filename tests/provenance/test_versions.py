from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.errors import UserError
from hyperforget.provenance.lineage import Producers
from hyperforget.provenance.versions import (
    CheckedOut,
    KeyChange,
    as_text,
    check_out,
    configuration,
    kept_results,
    key_changes,
    version_id,
    working_results,
)
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.tags import tag
from hyperforget.store.versions import append_log, read_log, snapshot
from tests.provenance.recorded_run import RecordedRun, make_run


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    """A run of 7 steps, after one of 10 that is kept as ``ten``."""
    first = make_run(tmp_path)
    tag(first.store, "ten", snapshot(first.store, first.results).id)
    return make_run(tmp_path, steps=7, begin=5_000)


def contents(results: Path) -> dict[str, bytes]:
    return {
        path.relative_to(results).as_posix(): path.read_bytes()
        for path in sorted(results.rglob("*"))
        if path.is_file() and not path.is_relative_to(results / "store")
    }


def test_a_checkout_brings_every_byte_back_and_another_one_undoes_it(run: RecordedRun) -> None:
    seven = contents(run.results)
    done = check_out(run.store, run.results, "ten")
    ten = contents(run.results)
    assert working_results(run.store, run.results).files == kept_results(run.store, "ten").files
    assert ten != seven
    assert done == CheckedOut(
        "ten", version_id(run.store, "ten"), 12, 0, 1, (KeyChange("models.model.sampling.steps", 7, 10),)
    )
    assert read_log(run.store)[0].message == "before checkout of ten"
    assert check_out(run.store, run.results, "1").before == 2
    assert contents(run.results) == seven


def test_all_files_of_a_checkout_have_one_time(run: RecordedRun) -> None:
    check_out(run.store, run.results, "ten")
    paths = [run.results / path for path in kept_results(run.store, "ten").files]
    assert len({path.stat().st_mtime_ns for path in paths}) == 1


def test_a_checkout_into_an_empty_folder_keeps_nothing(run: RecordedRun, tmp_path: Path) -> None:
    done = check_out(run.store, tmp_path / "new", "ten")
    assert (done.before, done.others, done.config) == (None, 0, ())
    assert read_log(run.store) == []
    assert working_results(run.store, tmp_path / "new").files == kept_results(run.store, "ten").files


def test_a_checkout_of_what_is_there_keeps_nothing(run: RecordedRun) -> None:
    check_out(run.store, run.results, "ten")
    assert check_out(run.store, run.results, "ten").before is None
    assert len(read_log(run.store)) == 1


def test_a_version_that_is_in_the_log_is_not_entered_twice(run: RecordedRun) -> None:
    append_log(run.store, snapshot(run.store, run.results).id, "by hand")
    assert check_out(run.store, run.results, "ten").before == 1
    assert [entry.message for entry in read_log(run.store)] == ["by hand"]


def test_other_files_stay(run: RecordedRun) -> None:
    (run.results / "mine.csv").write_text("mine")
    assert check_out(run.store, run.results, "ten").others == 1
    assert (run.results / "mine.csv").read_text() == "mine"


def test_the_configuration_of_a_version_can_be_written(run: RecordedRun, tmp_path: Path) -> None:
    path = tmp_path / "ten.yaml"
    check_out(run.store, run.results, "ten", path)
    written = yaml.safe_load(path.read_text())
    assert written == {"models": {"model": {"sampling": {"steps": 10}}}, "tasks": {"toy": {"version": 0}}}
    assert configuration(Producers(run.store), kept_results(run.store, "ten")) == written


def test_without_a_report_the_configuration_is_not_known(run: RecordedRun, tmp_path: Path) -> None:
    (run.results / "report.html").unlink()
    tag(run.store, "bare", snapshot(run.store, run.results).id)
    before = contents(run.results)
    with pytest.raises(UserError, match="configuration of bare is not known"):
        check_out(run.store, run.results, "bare", tmp_path / "bare.yaml")
    assert contents(run.results) == before
    assert check_out(run.store, run.results, "bare").config == ()


def test_a_damaged_version_changes_nothing(run: RecordedRun) -> None:
    sha256 = kept_results(run.store, "ten").files["metrics.csv"]
    path = run.store.blob_path(sha256)
    path.write_bytes(b"damaged")
    before = contents(run.results)
    with pytest.raises(CorruptObjectError, match=sha256):
        check_out(run.store, run.results, "ten")
    assert contents(run.results) == before


def test_a_tag_goes_before_a_number(run: RecordedRun) -> None:
    append_log(run.store, version_id(run.store, "ten"), "first")
    seven = snapshot(run.store, run.results).id
    assert version_id(run.store, "1") == version_id(run.store, "ten")
    tag(run.store, "1", seven)
    assert version_id(run.store, "1") == seven
    with pytest.raises(UserError, match="has no tag '2'"):
        version_id(run.store, "2")


def test_the_text_says_what_to_do_next() -> None:
    done = CheckedOut("ten", "0" * 64, 14, 2, 3, (KeyChange("seed", 1, 0),))
    assert as_text(done).splitlines() == [
        "ten: 14 files are back as they were; 2 others stay",
        "the results until now are kept: 'hyperforget store checkout 3'",
        "they were made with another configuration; run the workflow with theirs, see --config",
        "  seed: 1 → 0",
    ]
    assert len(as_text(CheckedOut("ten", "0" * 64, 14, 0, None, ())).splitlines()) == 1


FLAT = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2))


@given(FLAT, FLAT)
def test_key_changes_turn_the_old_into_the_new(old: dict[str, int], new: dict[str, int]) -> None:
    changes = list(key_changes({"x": old, "y": 1}, {"x": new, "y": 1}))
    changed = dict(old)
    for change in changes:
        name = change.key.removeprefix("x.")
        assert change.old != change.new
        if change.key == "x":  # a mapping without keys is a leaf
            continue
        assert old.get(name) == change.old
        changed[name] = change.new
        if change.new is None:
            del changed[name]
    assert changed == new
