"""What the documents say of code of one's own works as it stands there."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from hyperforget.cli.main import app
from hyperforget.cli.running import configured
from hyperforget.config.own_code import OwnMetric
from hyperforget.data.sources import DATASETS
from hyperforget.metrics.own_metrics import check_metric, toy_answers
from hyperforget.runtime.own_code import Whereabouts, load_own
from hyperforget.unlearning.contract import check_method, toy_cases
from hyperforget.unlearning.own_methods import own_method
from tests.checkouts import Checkout

TEXT = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    return TEXT.split(f"## {title}\n")[1].split("\n## ")[0]


def block(title: str, language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", section(title), flags=re.DOTALL)
    return str(found)


def with_own(checkout: Checkout, folder: Path, title: str) -> Path:
    """The default configuration with what a section of the document adds, in a folder with that section's file."""
    (folder / "mine.py").write_text(block(title, "python"))
    path = folder / "my.yaml"
    path.write_text((checkout.folder / "config" / "config.yaml").read_text() + block(title, "yaml"))
    return path


@pytest.mark.parametrize("title", ["Your own method", "Your own metric", "Your own dataset"])
def test_each_section_takes_at_most_twenty_lines_of_code(title: str) -> None:
    code = block(title, "python") + block(title, "yaml")
    assert len(code.splitlines()) <= 20


def test_the_method_keeps_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(block("Your own method", "python"))
    own = yaml.safe_load(block("Your own method", "yaml"))["methods"]["mine"]
    method = own_method(load_own("method", Whereabouts(own["function"], file), own["settings"]))
    for case in toy_cases():
        check_method(method, case)
    [command] = re.findall(r"`hyperforget (check-method .*?)`", section("Your own method"))
    printed = CliRunner().invoke(app, command.replace("mine.py", str(file)).split())
    assert printed.exit_code == 0, printed.output


def test_the_dataset_is_read_by_the_plan(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(block("Your own dataset", "python"))
    (tmp_path / "my.yaml").write_text(block("Your own dataset", "yaml"))
    settings = configured(str(tmp_path / "my.yaml"))
    images, labels = DATASETS["function"](settings.tasks["noise"].dataset).train
    assert (images.shape, sorted(set(labels))) == ((800, 64), [0, 1, 2, 3])
    printed = CliRunner().invoke(app, ["plan", str(tmp_path / "my.yaml")])
    assert printed.exit_code == 0, printed.output


def test_the_metric_keeps_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(block("Your own metric", "python"))
    own = OwnMetric.model_validate(yaml.safe_load(block("Your own metric", "yaml"))["metrics"]["confidence"])
    assert own.function_of("confidence") == "confidence"
    check_metric(load_own("metric", Whereabouts("confidence", file), own.settings), toy_answers())
    [command] = re.findall(r"`hyperforget (check-metric .*?)`", section("Your own metric"))
    printed = CliRunner().invoke(app, command.replace("mine.py", str(file)).split())
    assert printed.exit_code == 0, printed.output


@pytest.mark.workflow
def test_the_metric_is_measured_by_the_evaluation_and_has_a_table(checkout: Checkout, tmp_path: Path) -> None:
    path = with_own(checkout, tmp_path, "Your own metric")
    printed = checkout.dry_run("-n", "results/tables/digits-own-metrics.csv", "--configfile", str(path)).stdout
    assert printed.count(f", {tmp_path / 'mine.py'}\n") == 12


@pytest.mark.workflow
def test_the_method_is_planned_beside_the_built_in_ones(checkout: Checkout, tmp_path: Path) -> None:
    path = with_own(checkout, tmp_path, "Your own method")
    planned = checkout.planned("results/report.html", "--configfile", str(path))
    assert planned["edit_original"] == 12 + 12
    printed = checkout.dry_run("-n", "results/digits/mine/forget-2.json", "--configfile", str(path)).stdout
    assert f", {tmp_path / 'mine.py'}\n" in printed
