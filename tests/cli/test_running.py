"""`hyperforget run` and `hyperforget init`: what Snakemake is given, and what is refused before it starts."""

import os
import shlex
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import hyperforget
from hyperforget.cli.main import app
from hyperforget.cli.running import default_configuration
from hyperforget.cli.shipped import main_file, shipped_files, workflow_root

ROOT = Path(__file__).parents[2]


class Started(Exception):
    """Another program took the place of this one."""


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What programs are given that take the place of this one, in an empty working folder."""
    found: list[list[str]] = []

    def execute(program: str, arguments: list[str], environment: dict[str, str]) -> None:
        assert program == sys.executable
        assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)
        found.append(arguments[1:])
        raise Started

    monkeypatch.setattr(os, "execve", execute)
    monkeypatch.chdir(tmp_path)
    return found


def options(given: list[list[str]]) -> list[str]:
    """What Snakemake is given besides its file."""
    [arguments] = given
    assert arguments[:3] == ["-P", "-m", "snakemake"]
    at = arguments.index("--snakefile")
    assert arguments[at + 1] == str(ROOT / "Snakefile")
    return arguments[3:at] + arguments[at + 2 :]


def test_without_more_all_cores_make_everything(given: list[list[str]]) -> None:
    call("run")
    assert options(given) == ["--cores", "all"]


def test_what_follows_two_dashes_goes_to_snakemake_as_it_stands(given: list[list[str]]) -> None:
    call("run", "mnist", "--", "-n", "--config", "seeds=[0, 1]", "--", "results/report.html")
    found = options(given)
    assert found[:2] == ["--configfile", str(ROOT / "config" / "mnist.yaml")]
    assert found[-5:] == ["-n", "--config", "seeds=[0, 1]", "--", "results/report.html"]


@pytest.mark.parametrize(
    "limit", [["-c2"], ["--cores", "2"], ["--cores=2"], ["-j", "3"], ["--workflow-profile", "slurm"], ["-e", "slurm"]]
)
def test_cores_are_left_to_whoever_names_them(given: list[list[str]], limit: list[str]) -> None:
    call("run", "--", *limit)
    assert options(given) == limit


def test_a_file_of_that_name_comes_before_what_was_shipped(given: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "mnist").write_text("tasks: {}\n")
    call("run", "mnist")
    assert options(given)[:2] == ["--configfile", "mnist"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("mnits", "configuration 'mnits' is no file, and none that comes with the package; allowed is a file, or "),
        ("no/thesi.yaml", "did you mean 'thesis'?"),
        (".", "configuration '.' is no file"),
        ("broken.yaml", "'broken.yaml' is no YAML on line 2"),
    ],
)
def test_a_configuration_that_is_none_is_one_sentence_and_starts_nothing(
    given: list[list[str]], tmp_path: Path, name: str, sentence: str
) -> None:
    (tmp_path / "broken.yaml").write_text("tasks: [\n")
    printed = call("run", name)
    assert printed.exit_code == 2
    assert printed.output.startswith("error: ")
    assert printed.output.count("\n") == 1
    assert sentence in printed.output
    assert given == []


@pytest.mark.parametrize("arguments", [["-n"], ["mnist", "--cores", "2"], ["mnist", "results/report.html"]])
def test_what_is_for_snakemake_is_sent_behind_two_dashes(given: list[list[str]], arguments: list[str]) -> None:
    printed = call("run", *arguments)
    assert printed.exit_code == 2
    assert printed.output.count("\n") == 1
    assert "stands after --, as in 'hyperforget run mnist -- -n'" in printed.output
    assert given == []


def test_a_plan_without_a_configuration_is_that_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_configuration() == ROOT / "config" / "config.yaml"
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").touch()
    assert default_configuration() == Path("config/config.yaml")


def test_the_document_shows_commands_that_are_there(given: list[list[str]]) -> None:
    lines = (ROOT / "docs" / "running.md").read_text(encoding="utf-8").splitlines()
    shown = [shlex.split(line, comments=True) for line in lines if line.startswith("hyperforget run")]
    assert len(shown) > 1
    for _, *arguments in shown:
        given.clear()
        call(*arguments)
        assert options(given)


def test_the_workflow_is_laid_out_as_it_is(tmp_path: Path) -> None:
    printed = call("init", str(tmp_path / "mine"))
    assert printed.exit_code == 0
    laid_out = {path.relative_to(tmp_path / "mine") for path in (tmp_path / "mine").rglob("*") if path.is_file()}
    assert laid_out == set(shipped_files(ROOT))
    assert {Path("Snakefile"), Path("config/thesis.yaml"), Path("workflow/rules/common.smk")} <= laid_out
    assert all((tmp_path / "mine" / path).read_bytes() == (ROOT / path).read_bytes() for path in laid_out)
    assert os.listdir(tmp_path) == ["mine"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_nothing_is_laid_out_over_what_is_there(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "mine"
    mine = target if kind == "file" else target / "notes.txt"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    printed = call("init", str(target))
    assert printed.exit_code == 2
    assert "is there already; allowed is a new folder, or an empty one" in printed.output
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    assert mine.read_text() == "mine"


def test_the_main_file_is_the_one_here_else_that_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main_file() == ROOT / "Snakefile"
    (tmp_path / "Snakefile").touch()
    assert main_file() == Path("Snakefile")


def test_a_package_without_its_workflow_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert workflow_root() == ROOT
    monkeypatch.setattr("hyperforget.cli.shipped._PACKAGE", tmp_path / "hyperforget")
    printed = call("run")
    assert printed.exit_code == 2
    assert "the workflow did not come with this package" in printed.output


def test_the_version_is_told() -> None:
    assert call("--version").output == f"hyperforget {hyperforget.__version__}\n"
