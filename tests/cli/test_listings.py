"""What there is to ask for: the same as the configuration, the results and the registry say, in no time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hyperforget.cli.main import app
from hyperforget.config import load_config
from hyperforget.config.reading import read_config
from hyperforget.metrics.audit_registry import AUDIT
from hyperforget.metrics.registry import METRICS
from hyperforget.report import glossary
from hyperforget.report.audit_glossary import AUDIT_WORDS

ROOT = Path(__file__).parents[2]
DEFAULT = load_config(read_config(ROOT / "config" / "config.yaml"))
HEAVY = {"torch", "sklearn", "scipy", "matplotlib", "pandas"}


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def rows(*arguments: str) -> list[dict[str, str]]:
    printed = call(*arguments, "--json")
    assert printed.exit_code == 0, printed.output
    found: list[dict[str, str]] = json.loads(printed.output)
    return found


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with results of one task, and no configuration of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("dataset.json", "dihyfo-1/hypernet.json", "bias/forget-2.json", "bias/forget-2-3.json"):
        file = tmp_path / "results" / "mine" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path


def test_names_are_those_of_the_configuration_and_of_the_registry() -> None:
    assert [row["task"] for row in rows("tasks")] == list(DEFAULT.tasks)
    assert [row["model"] for row in rows("models")] == list(DEFAULT.models)
    assert [row["method"] for row in rows("methods")] == list(map(str, DEFAULT.all_methods))
    assert [row["metric"] for row in rows("metrics")] == [*METRICS, *AUDIT]
    assert [row["task"] for row in rows("tasks", "--config", "mnist")] == ["mnist-4", "mnist"]


OWN = """
tasks:
  mine: {network: {kind: convolutional, channels: [4, 8]}, classes: [0, 1], pivots: [0], forget: ["1"]}
metrics:
  surest: {file: surest.py, title: Surest answer, unit: nats, better: lower, sets: [forget], description: How sure.}
"""


@pytest.fixture
def own(elsewhere: Path) -> Path:
    (elsewhere / "surest.py").write_text("def surest(answers):\n    return answers\n")
    (elsewhere / "own.yaml").write_text(OWN)
    return elsewhere


@pytest.mark.usefixtures("own")
def test_metrics_of_ones_own_are_listed_and_explained_as_their_configuration_tells_them() -> None:
    *built_in, mine = rows("metrics", "--config", "own.yaml")
    assert [row["metric"] for row in built_in] == [*METRICS, *AUDIT]
    assert (mine["metric"], mine["title"], mine["good"], mine["images"]) == (
        "surest",
        "Surest answer",
        "lower",
        "forget",
    )
    told = json.loads(call("explain", "surest", "--config", "own.yaml", "--json").output)
    assert (told["title"], told["description"], told["unit"]) == ("Surest answer", "How sure.", "nats")
    assert told["source"].endswith("surest.py")
    assert "'surest'" in told["formula"]
    assert "did you mean 'surest'?" in call("explain", "surst", "--config", "own.yaml").output


@pytest.mark.usefixtures("own")
def test_tasks_are_listed_with_their_network() -> None:
    assert [row["network"] for row in rows("tasks", "--config", "own.yaml")] == ["convolutional 4-8"]
    assert {row["network"] for row in rows("tasks")} == {"perceptron 2", "perceptron 7"}


def test_results_are_counted() -> None:
    assert {row["method"]: row["made"] for row in rows("methods")}["bias"] == "2"
    assert {row["model"]: row["trained"] for row in rows("models")} == {"dihyfo-1": "1", "dihyfo-2": "0"}
    assert {row["method"]: row["made"] for row in rows("methods", "--results", "none")}["bias"] == "0"


def test_text_has_a_line_for_each_below_the_headings() -> None:
    lines = call("metrics").output.splitlines()
    assert [line.split()[0] for line in lines] == ["metric", *METRICS, *AUDIT]


@pytest.mark.parametrize("metric", [*METRICS, *AUDIT])
def test_a_metric_is_explained_with_formula_range_ideal_and_source(metric: str) -> None:
    words, printed = {**glossary.METRICS, **AUDIT_WORDS}[metric], call("explain", metric).output
    for part in (words.title, words.description, words.formula, words.range, words.ideal, words.source):
        assert part in printed


def test_an_unknown_metric_is_told_with_the_nearest() -> None:
    printed = call("explain", "shfit")
    assert printed.exit_code == 2
    assert printed.output.startswith("error: metric 'shfit' is unknown; allowed are accuracy, ")
    assert printed.output.endswith("did you mean 'shift'?\n")


def run(*arguments: str, **environment: str) -> str:
    command = [sys.executable, *arguments]
    # The name that completion goes by is that of the installed command.
    path = {"PYTHONPATH": str(ROOT), "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    return subprocess.run(command, env=os.environ | path | environment, capture_output=True, text=True).stdout


def test_listings_load_nothing_that_takes_long() -> None:
    program = (
        "import sys; from typer.testing import CliRunner; from hyperforget.cli.main import app; "
        "results = [CliRunner().invoke(app, line.split()) for line in "
        "('tasks', 'models', 'methods', 'metrics', 'explain auc', 'evaluate --help')]; "
        f"print([each.exit_code for each in results], sorted({HEAVY} & set(sys.modules)))"
    )
    assert run("-c", program).split("\n")[0] == f"{[0] * 6} []"


COMPLETING = "from hyperforget.cli.main import app; app(prog_name='hyperforget')"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("explain rel", ["relearn_10", "relearn_50", "relearn_time"]),
        ("evaluate x.safetensors --task dig", ["digits-4", "digits"]),
        ("evaluate x.safetensors --task ", ["mine", "digits-4", "digits"]),
        ("expl", ["explain"]),
    ],
)
def test_a_shell_completes_names(line: str, expected: list[str]) -> None:
    words = f"hyperforget {line}"
    count = len(words.split(" ")) - 1
    asked = {"_HYPERFORGET_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    assert run("-c", COMPLETING, **asked).split() == expected


def test_completion_is_there_to_be_installed() -> None:
    # Told by its name: typer asks the processes above otherwise, none of which has to be a shell.
    told = run("-c", COMPLETING, "--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "_HYPERFORGET_COMPLETE=complete_bash" in told
    assert "--install-completion" in call("--help").output
