"""``hyperforget.evaluate`` says of a network that a run handed over what the run's own tables say."""

import json
import re
import shutil
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import save_file
from typer.testing import CliRunner

import hyperforget
from hyperforget.cli.main import app
from hyperforget.errors import UserError
from hyperforget.records.files import read_rows
from hyperforget.records.methods import MetricRow
from tests.stages.tiny_pipeline import TASK


@pytest.mark.pipeline
@pytest.mark.parametrize("method", ["bias", "dihyfo-1"])
def test_scores_are_those_of_the_tables(results: Path, method: str) -> None:
    network = results / TASK / method / "forget-1-3.safetensors"
    scores = hyperforget.evaluate(network, classes=[1, 3], data=results / TASK)
    rows = read_rows(results / TASK / "forget-1-3.csv", MetricRow)
    told = {(row.method, row.selection, row.metric, row.set): row.value for row in rows}
    compared = 0
    for row in scores.to_dict("records"):
        metric, images = row["metric"], row["set"]
        if metric == "usable_share":
            continue
        selection = "chosen-to-all" if (method, "chosen-to-all", metric, images) in told else "chosen"
        assert row["value"] == pytest.approx(told[method, selection, metric, images], abs=1e-6), (metric, images)
        compared += 1
        # The run attacked fewer retrained networks.
        if metric not in ("mia", "mia_test"):
            assert row["retrained"] == pytest.approx(told["retrained", "population", metric, images], abs=1e-6)
    assert compared > 20


@pytest.mark.pipeline
def test_a_network_that_says_to_read_other_pixels_or_classes_is_refused(results: Path, tmp_path: Path) -> None:
    with safe_open(results / TASK / "bias" / "forget-2.safetensors", "pt") as file:
        tensors, about = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    for changed, message in (
        ({"std": "255.0"}, "reads pixels that were normalised with std 255.0; allowed is that of the data"),
        ({"labels": "0-1-2-7"}, "is a network for the classes 0-1-2-7; allowed are the data's, 0-1-2-3"),
    ):
        save_file(tensors, tmp_path / "other.safetensors", {**about, **changed})
        with pytest.raises(UserError, match=re.escape(message)):
            hyperforget.evaluate(tmp_path / "other.safetensors", classes=[2], data=results / TASK)


@pytest.mark.pipeline
def test_a_store_that_lies_elsewhere_is_named(results: Path, tmp_path: Path) -> None:
    shutil.copytree(results / TASK, tmp_path / "results" / TASK)
    network = results / TASK / "mask" / "forget-2.safetensors"
    there = hyperforget.evaluate(network, [2], data=results / TASK)
    elsewhere = hyperforget.evaluate(network, [2], data=tmp_path / "results" / TASK, store=results / "store")
    assert elsewhere.equals(there)
    with pytest.raises(UserError, match="store"):
        hyperforget.evaluate(network, [2], data=tmp_path / "results" / TASK)


@pytest.mark.pipeline
def test_the_command_says_the_same_in_words_and_as_json(results: Path) -> None:
    network = str(results / TASK / "mask" / "forget-1-3.safetensors")
    asked = ["evaluate", network, "--task", TASK, "--classes", "1, 3", "--results", str(results)]
    words, told = (CliRunner().invoke(app, [*asked, *more]) for more in ([], ["--json"]))
    scores = hyperforget.evaluate(network, [1, 3], data=results / TASK)
    found = json.loads(told.output)
    assert [float(row["value"]) for row in found["scores"]] == pytest.approx(list(scores["value"]))
    assert found["verdict"] == scores.attrs["verdict"]
    first, *lines = words.output.splitlines()
    assert first.lower() == scores.attrs["verdict"].lower() + "."
    assert f"accuracy             forget        {scores['value'][1]:.4f}" in words.output
    assert len([line for line in lines if "retrained" in line]) > 15


@pytest.mark.pipeline
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"--task": "digit-4"}, f"has no task 'digit-4'; it has {TASK}; did you mean '{TASK}'?"),
        ({"--classes": "2,7"}, "classes '2-7': class 7 is not one of the task's classes 0 to 3"),
        ({"--classes": "0,1"}, "'hyperforget run -- results/digits-4/retrained/forget-0-1.json' makes them"),
        ({"--results": "nowhere"}, f"nowhere has no task '{TASK}'; it has none, which a run of the workflow makes"),
    ],
)
def test_the_command_refuses_what_does_not_fit(results: Path, changed: dict[str, str], message: str) -> None:
    options = {"--task": TASK, "--classes": "2", "--results": str(results)} | changed
    network = str(results / TASK / "mask" / "forget-2.safetensors")
    printed = CliRunner().invoke(app, ["evaluate", network, *(word for pair in options.items() for word in pair)])
    assert printed.exit_code == 2
    assert printed.output.startswith("error: ")
    assert message in printed.output
    assert printed.output.count("\n") == 1
