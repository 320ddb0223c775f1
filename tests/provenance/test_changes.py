from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.provenance.changes import Cause, Changes, diff
from hyperforget.provenance.versions import KeyChange
from hyperforget.store.tags import tag
from hyperforget.store.versions import append_log, snapshot
from tests.provenance.recorded_run import RecordedRun, make_run, metrics_table


def keep(run: RecordedRun, name: str) -> None:
    version = snapshot(run.store, run.results)
    tag(run.store, name, version.id)


def causes(changes: Changes) -> set[tuple[object, ...]]:
    return {(cause.kind, cause.stage, cause.what, cause.old, cause.new) for cause in changes.causes}


@pytest.fixture
def old(tmp_path: Path) -> RecordedRun:
    """A run that is kept as ``old``."""
    run = make_run(tmp_path)
    keep(run, "old")
    return run


def test_equal_results_do_not_differ(old: RecordedRun) -> None:
    changes = diff(old.store, old.results, "old")
    assert changes == Changes("old", "the present results", (), (), (), (), (), (), 2)


def test_a_setting_is_the_one_first_cause_of_all_that_follows(old: RecordedRun) -> None:
    new = make_run(old.folder, steps=7, begin=5_000)
    changes = diff(new.store, new.results, "old")
    followers = (
        "metrics.csv",
        "report.html",
        "tables/toy.csv",
        "tables/toy.tex",
        "toy/forget-2.csv",
        "toy/model/forget-2.json",
        "toy/model/forget-2.safetensors",
    )
    assert changes.changed == followers
    assert changes.causes == (Cause("config", "sample_unlearned", "sampling.steps", 10, 7, followers),)
    assert changes.config == (KeyChange("models.model.sampling.steps", 10, 7),)


def test_the_cells_that_moved_are_told_with_their_old_interval(old: RecordedRun) -> None:
    new = make_run(old.folder, steps=7, begin=5_000)
    changes = diff(new.store, new.results, "old")
    (cell,) = changes.cells
    assert cell.key == ("toy", "model", "2", "population", "forget", "accuracy")
    assert (cell.old, cell.new, cell.low, cell.high, cell.outside) == (0.9, 0.9 - 0.3, 0.8, 0.95, True)
    assert changes.compared_cells == 2


def test_code_is_named_as_the_cause(old: RecordedRun) -> None:
    new = make_run(old.folder, steps=7, begin=5_000)
    keep(new, "fewer")
    # The same result by other code would be no difference, so the code also changes what is sampled.
    again = make_run(old.folder, steps=8, sampler="bbbbbbbbbbbbbbbb", begin=9_000)
    changes = diff(again.store, again.results, "fewer")
    assert causes(changes) == {
        ("config", "sample_unlearned", "sampling.steps", 7, 8),
        ("code", "sample_unlearned", "sample_unlearned", "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"),
    }


def test_code_that_changed_no_result_is_no_cause(old: RecordedRun) -> None:
    make_run(old.folder, sampler="bbbbbbbbbbbbbbbb", begin=5_000)
    new = make_run(old.folder, steps=7, sampler="bbbbbbbbbbbbbbbb", begin=9_000)
    assert causes(diff(new.store, new.results, "old")) == {("config", "sample_unlearned", "sampling.steps", 10, 7)}


def test_other_data_is_the_first_cause_and_nothing_after_it(old: RecordedRun) -> None:
    new = make_run(old.folder, pixel=0.25, begin=5_000)
    changes = diff(new.store, new.results, "old")
    assert causes(changes) == {("config", "fetch_dataset", "dataset.version", 0, 0.25)}
    assert "toy/checkpoints/shard-1.json" in changes.causes[0].files


def test_an_input_that_no_recipe_made_is_a_cause_by_its_content(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    for text in ("first", "second"):
        (run.results / "labels.txt").write_text(text)
        run.stage("label", {"labels": "results/labels.txt"}, {"page": ("results/labels.html", text.encode())})
        if text == "first":
            keep(run, "old")
    (cause,) = diff(run.store, run.results, "old").causes
    assert (cause.kind, cause.stage, cause.what) == ("data", "label", "results/labels.txt")
    assert cause.files == ("labels.html",)
    assert {len(cause.old), len(cause.new)} == {64}


def test_two_independent_causes_are_both_found(old: RecordedRun) -> None:
    new = make_run(old.folder, steps=7, pixel=0.25, begin=5_000)
    assert causes(diff(new.store, new.results, "old")) == {
        ("config", "fetch_dataset", "dataset.version", 0, 0.25),
        ("config", "sample_unlearned", "sampling.steps", 10, 7),
    }


def test_files_that_only_one_version_has_are_told_apart(old: RecordedRun) -> None:
    (old.results / "tables/toy.tex").unlink()
    (old.results / "extra.csv").write_text("new")
    changes = diff(old.store, old.results, "old")
    assert (changes.added, changes.removed, changes.changed) == (("extra.csv",), ("tables/toy.tex",), ())


def test_other_inputs_are_a_cause(old: RecordedRun) -> None:
    old.stage("draw", {"a": "results/metrics.csv"}, {"figure": ("results/f.svg", b"<svg/>")})
    keep(old, "one-input")
    inputs = {"a": "results/metrics.csv", "b": "results/toy/corpus-classes.csv"}
    old.stage("draw", inputs, {"figure": ("results/f.svg", b"<svg>2</svg>")})
    assert causes(diff(old.store, old.results, "one-input")) == {
        ("inputs", "draw", "results/toy/corpus-classes.csv", False, True)
    }


def test_a_file_edited_by_hand_has_an_unknown_cause(old: RecordedRun) -> None:
    (old.results / "metrics.csv").write_bytes(metrics_table({"population": (0.91, 0.8, 0.95)}))
    changes = diff(old.store, old.results, "old")
    assert [(cause.kind, cause.what, cause.files) for cause in changes.causes] == [
        ("unknown", "metrics.csv", ("metrics.csv",))
    ]
    assert [cell.outside for cell in changes.cells] == [False, None]


def test_a_report_that_was_only_made_again_has_no_cause(old: RecordedRun) -> None:
    again = make_run(old.folder, begin=5_000)
    changes = diff(again.store, again.results, "old")
    assert changes.changed == ("report.html",)
    assert changes.causes == ()


def test_two_kept_versions_are_compared_without_the_folder(old: RecordedRun, tmp_path: Path) -> None:
    new = make_run(old.folder, steps=7, begin=5_000)
    version = snapshot(new.store, new.results)
    entry = append_log(new.store, version.id, "fewer steps")
    make_run(old.folder, steps=3, begin=9_000)
    changes = diff(new.store, tmp_path / "absent", "old", str(entry.number))
    assert causes(changes) == {("config", "sample_unlearned", "sampling.steps", 10, 7)}
    assert (changes.before, changes.after) == ("old", "1")
    assert diff(new.store, new.results, "1", "old").config == (KeyChange("models.model.sampling.steps", 7, 10),)


def test_comparing_adds_nothing_to_the_store(old: RecordedRun) -> None:
    (old.results / "extra.csv").write_text("new")
    before = set(old.store.root.rglob("*"))
    diff(old.store, old.results, "old")
    assert set(old.store.root.rglob("*")) == before


def test_unknown_versions_are_refused(old: RecordedRun) -> None:
    with pytest.raises(UserError, match=r"no tag 'odl'.*did you mean 'old'"):
        diff(old.store, old.results, "odl")
    with pytest.raises(UserError, match="no tag '7'"):
        diff(old.store, old.results, "old", "7")


def test_without_both_reports_no_configuration_is_compared(old: RecordedRun) -> None:
    (old.results / "report.html").unlink()
    changes = diff(old.store, old.results, "old")
    assert changes.removed == ("report.html",)
    assert changes.config == ()


def test_stages_that_made_each_others_inputs_do_not_go_round_for_ever(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path)
    run.results.mkdir()
    for text in (b"1", b"2"):
        (run.results / "b.csv").write_bytes(b"b" + text)
        run.stage("forth", {"b": "results/b.csv"}, {"a": ("results/a.csv", b"a" + text)})
        run.stage("back", {"a": "results/a.csv"}, {"b": ("results/b.csv", b"b" + text)})
        if text == b"1":
            keep(run, "one")
    changes = diff(run.store, run.results, "one")
    assert changes.changed == ("a.csv", "b.csv")
    assert changes.causes == ()
