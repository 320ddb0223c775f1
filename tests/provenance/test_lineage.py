from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.provenance.lineage import Lineage, Producers, lineage
from hyperforget.store.store import Store
from tests.provenance.recorded_run import RecordedRun, make_run

STAGES = [
    "fetch_dataset",
    "collect_checkpoints",
    "collect_checkpoints",
    "assemble_corpus",
    "sample_unlearned",
    "evaluate",
    "gather_metrics",
    "build_tables",
    "build_report",
]


def trace(run: RecordedRun, path: str = "results/report.html") -> Lineage:
    return lineage(run.store, run.folder / path)


def stages(found: Lineage) -> list[str]:
    return [step.record.computation.stage for step in found.steps.values()]


def maker(found: Lineage, path: str) -> str:
    (node,) = (node for node in found.nodes if node.path.endswith(path))
    return found.steps[found.made_by[node]].record.computation.stage


def test_a_report_leads_back_to_segments_dataset_settings_and_code(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    found = trace(run)
    assert sorted(stages(found)) == sorted(STAGES)
    objects = {node.object_id: node.kind for node in found.nodes if node.object_id}
    assert objects == {
        run.objects["results/toy/dataset.json"]: "dataset",
        run.objects["results/toy/checkpoints/shard-0.json"]: "segment",
        run.objects["results/toy/checkpoints/shard-1.json"]: "segment",
        run.objects["results/toy/corpus.json"]: "corpus",
        run.objects["results/toy/model/forget-2.json"]: "networks",
    }
    (sampling,) = (step for step in found.steps.values() if step.record.computation.stage == "sample_unlearned")
    assert sampling.record.computation.spec["sampling"] == {"steps": 10}
    assert sampling.record.computation.code == "aaaaaaaaaaaaaaaa"


def test_steps_come_after_those_that_made_their_inputs(tmp_path: Path) -> None:
    found = trace(make_run(tmp_path))
    position = {recipe_id: index for index, recipe_id in enumerate(found.steps)}
    for recipe_id, step in found.steps.items():
        for node in step.inputs:
            assert position[found.made_by[node]] < position[recipe_id]


@pytest.mark.parametrize(
    ("path", "last", "steps"),
    [
        ("results/metrics.csv", "gather_metrics", 7),
        ("results/tables/toy.tex", "build_tables", 8),
        ("results/toy/model/forget-2.safetensors", "sample_unlearned", 5),
        ("results/toy/corpus.json", "assemble_corpus", 4),
        ("results/toy/dataset.json", "fetch_dataset", 1),
    ],
)
def test_any_result_file_has_a_lineage(tmp_path: Path, path: str, last: str, steps: int) -> None:
    found = trace(make_run(tmp_path), path)
    assert stages(found)[-1] == last
    assert len(found.steps) == steps


def test_equal_files_of_different_stages_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert (run.results / "metrics.csv").read_bytes() == (run.results / "toy/forget-2.csv").read_bytes()
    found = trace(run)
    assert maker(found, "metrics.csv") == "gather_metrics"
    assert maker(found, "toy/forget-2.csv") == "evaluate"


def test_a_recipe_that_ran_after_a_file_was_read_did_not_make_it(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    page = (run.results / "report.html").read_bytes()
    # Other code happens to give the same networks afterwards.
    again = make_run(tmp_path, sampler="bbbbbbbbbbbbbbbb", begin=10_000)
    (run.results / "report.html").write_bytes(page)
    found = trace(again)
    codes = {step.record.computation.code for step in found.steps.values()}
    assert "aaaaaaaaaaaaaaaa" in codes
    assert "bbbbbbbbbbbbbbbb" not in codes
    # Asked for the networks themselves, the latest recipe that gave them is named.
    assert trace(again, "results/toy/model/forget-2.json").steps.keys() - found.steps.keys()


def test_of_several_recipes_the_one_that_agrees_with_the_other_files_is_taken(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    # Another run wrote an equal table of classes, but another corpus; it too ran before the figure was made.
    other = make_run(tmp_path, pixel=0.5, begin=2_000)
    make_run(tmp_path, begin=4_000)
    inputs = {"a": "results/toy/corpus-classes.csv", "b": "results/toy/corpus.json"}
    run.seconds = 6_000
    run.stage("build_figures", inputs, {"figures": ("results/figures/toy.svg", b"<svg/>")})
    ids = {node.object_id for node in trace(run, "results/figures/toy.svg").nodes}
    assert run.objects["results/toy/dataset.json"] in ids
    assert other.objects["results/toy/dataset.json"] not in ids


def test_a_file_of_the_same_content_elsewhere_is_not_mistaken(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path)
    run.stage("first", {}, {"table": ("results/one/table.csv", b"1")})
    run.stage("second", {}, {"table": ("results/two/table.csv", b"1")})
    run.stage("third", {}, {"table": ("results/one/other.csv", b"1")})
    assert stages(trace(run, "results/one/table.csv")) == ["first"]
    assert stages(trace(run, "results/two/table.csv")) == ["second"]


def test_stages_that_made_each_others_inputs_do_not_go_round_for_ever(tmp_path: Path) -> None:
    run = RecordedRun(tmp_path)
    (run.results).mkdir()
    (run.results / "b.csv").write_bytes(b"b")
    run.stage("forth", {"b": "results/b.csv"}, {"a": ("results/a.csv", b"a")})
    run.stage("back", {"a": "results/a.csv"}, {"b": ("results/b.csv", b"b")})
    assert sorted(stages(trace(run, "results/a.csv"))) == ["back", "forth"]


def test_a_file_is_found_wherever_the_results_were_moved(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one")
    moved = (tmp_path / "one/results").rename(tmp_path / "moved")
    found = lineage(Store(moved / "store"), moved / "toy/forget-2.csv")
    assert stages(found)[-1] == "evaluate"
    assert run.objects["results/toy/dataset.json"] in {node.object_id for node in found.nodes}


def test_an_input_that_no_recipe_made_ends_its_branch(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (run.results / "labels.csv").write_text("by hand")
    run.stage("build_extra", {"labels": "results/labels.csv"}, {"page": ("results/extra.html", b"extra")})
    found = trace(run, "results/extra.html")
    (node,) = (node for node in found.nodes if node.path == "results/labels.csv")
    assert node not in found.made_by
    assert stages(found) == ["build_extra"]


def test_a_file_that_was_edited_is_named_with_what_to_do(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (run.results / "metrics.csv").write_text("edited")
    with pytest.raises(UserError, match=r"metrics\.csv as it is now: it was changed after .* checkout"):
        trace(run, "results/metrics.csv")


def test_a_file_that_is_no_output_is_named_with_what_to_do(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (run.results / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"notes\.txt as it is now: it is no output of a stage.*--store"):
        trace(run, "results/notes.txt")


def test_absent_files_and_stores_are_named(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    with pytest.raises(UserError, match=r"absent\.csv does not exist"):
        trace(run, "results/absent.csv")
    with pytest.raises(UserError, match="is not a store"):
        lineage(Store(tmp_path / "elsewhere"), run.results / "metrics.csv")


def test_unknown_content_has_no_producers(tmp_path: Path) -> None:
    assert Producers(make_run(tmp_path).store).of("results/metrics.csv", "0" * 64) == []
