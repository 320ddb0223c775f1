import json
import re
from pathlib import Path

import pytest

from hyperforget.provenance.lineage import Lineage, lineage
from hyperforget.provenance.lineage_views import WIDTH, as_json, dot, tree
from tests.provenance.recorded_run import make_run


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Lineage:
    run = make_run(tmp_path_factory.mktemp("run"))
    return lineage(run.store, run.results / "report.html")


def drawn(found: Lineage) -> list[str]:
    return tree(found).split("\n\nStages\n")[0].splitlines()


def test_the_tree_names_every_file_with_its_stage_and_object(found: Lineage) -> None:
    text = "\n".join(drawn(found))
    for node in found.nodes:
        if node.path not in ("results/tables/toy.tex",):  # shown as one more of its stage
            assert node.path in text
        if node.object_id:
            assert f"{node.path}  {node.kind} {node.object_id[:12]} ← " in text
    assert "results/tables/toy.csv and 1 more ← build_tables" in text


def test_a_branch_that_comes_again_is_named_once(found: Lineage) -> None:
    lines = drawn(found)
    assert sum("← fetch_dataset" in line for line in lines) == 1
    assert sum("← assemble_corpus" in line for line in lines) == 1
    assert len([line for line in lines if "←" in line]) == len(found.steps)
    above = [line for line in lines if "as above:" in line]
    assert any("results/toy/dataset.json" in line for line in above)
    assert any("results/metrics.csv" in line for line in above)


def test_the_tree_lists_code_settings_and_time_of_every_stage(found: Lineage) -> None:
    text = tree(found).split("\n\nStages\n")[1]
    assert "  sample_unlearned: code aaaaaaaaaaaaaaaa, 1 run, 1.5 s\n    sampling.steps=10, seed=0\n" in text
    assert "  collect_checkpoints: code 0123456789abcdef, 2 runs, 3.0 s\n    runs=2\n" in text


def test_runs_of_a_stage_with_different_settings_are_told_apart(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    for model, steps in (("one", 1), ("two", 2)):
        outputs = {"token": (f"results/toy/{model}.csv", model.encode())}
        run.stage("probe", {"dataset": "results/toy/dataset.json"}, outputs, {"steps": steps}, model=model)
    inputs = {"inputs.0": "results/toy/one.csv", "inputs.1": "results/toy/two.csv"}
    run.stage("draw", inputs, {"figure": ("results/figure.svg", b"<svg/>")}, {"a long key": ["value"] * 400})
    text = tree(lineage(run.store, run.results / "figure.svg"))
    assert "    one: steps=1\n    two: steps=2\n" in text
    assert re.search(r"… \d+ more lines, see --json", text)


def test_no_line_is_wider_than_a_hundred_columns(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    folder = "results/a-task-with-a-very-long-name/a-method-with-a-very-long-name-as-well"
    path = f"{folder}/forget-0-1-2-3-4-5-6-7-8.json"
    source = "results/toy/dataset.json"
    for level in range(6):
        arrays = run.token(path.replace(".json", f"-{level}.json"), "networks", {}, level=level)
        output = path.replace(".json", f"-{level}.json")
        run.stage("a_stage_with_a_long_name", {"source": source}, {"token": (output, arrays)})
        source = output
    deep = f"results/{'deep/' * 40}file.csv"
    run.stage("last", {"source": source}, {"table": (deep, b"1")})
    found = lineage(run.store, run.folder / deep)
    lines = tree(found).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert sum("← a_stage_with_a_long_name" in line for line in lines) == 6


def test_json_holds_the_whole_lineage(found: Lineage) -> None:
    told = json.loads(json.dumps(as_json(found)))
    assert told["target"]["path"].endswith("results/report.html")
    assert [step["stage"] for step in told["steps"]][-1] == "build_report"
    made = {step["recipe_id"]: {(node["path"], node["sha256"]) for node in step["outputs"]} for step in told["steps"]}
    for file in told["files"][:-1]:
        assert (file["path"], file["sha256"]) in made[file["recipe_id"]]
    (sampling,) = (step for step in told["steps"] if step["stage"] == "sample_unlearned")
    assert sampling["spec"]["sampling"]["steps"] == 10
    assert sampling["provenance"]["versions"]["torch"] == "2.13.0"


def test_the_graph_has_every_file_and_step_and_joins_only_these(found: Lineage) -> None:
    lines = dot(found).splitlines()
    assert lines[0] == "digraph lineage {"
    assert lines[-1] == "}"
    declared = {line.split()[0] for line in lines if "[shape=" in line}
    assert len(declared) == len(found.nodes) + len(found.steps)
    joined = [re.fullmatch(r"  (\w+) -> (\w+);", line) for line in lines if "->" in line]
    assert all(joined)
    assert {name for match in joined if match for name in match.groups()} <= declared
    inputs = sum(len(step.inputs) for step in found.steps.values())
    assert len(joined) == inputs + len(found.nodes)


def test_labels_of_the_graph_are_quoted(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    run.stage("odd", {}, {"page": ('results/a "quoted" name.csv', b"1")}, None, task='"x" \\ y')
    text = dot(lineage(run.store, run.results / 'a "quoted" name.csv'))
    assert r"\"quoted\"" in text
    assert r"\"x\" \\ y" in text
    for label in re.findall(r"label=(.*)\];$", text, flags=re.MULTILINE):
        assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', label)


def test_an_unknown_source_is_said_so(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (run.results / "labels.csv").write_text("by hand")
    run.stage("build_extra", {"labels": "results/labels.csv"}, {"page": ("results/extra.html", b"extra")})
    assert "results/labels.csv  (no computation made it)" in tree(lineage(run.store, run.results / "extra.html"))
