"""Every way to install says the same versions: those of constraints.txt."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DEFINITIONS = ("Dockerfile", "hyperforget.def", "hyperforget.yaml")


def name(text: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", text).lower()


@pytest.mark.parametrize("file", DEFINITIONS)
def test_versions_are_those_of_the_constraints_and_no_others(file: str) -> None:
    text = (ROOT / "envs" / file).read_text()
    assert re.search(r"-c (\$\{HYPERFORGET_ROOT\}/)?constraints\.txt", text)
    assert not re.search(r"[\w\]]\s*(==|~=|<)\s*\d", text)


def test_constraints_are_exact_and_name_what_the_project_needs() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {name(line.split("==")[0]) for line in lines if line[:1] != "#"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *(each for extra in extras.values() for each in extra)]
    assert {name(re.split(r"[\[>]", each)[0]) for each in needed} <= pinned
    assert set(extras["slurm"]) | set(extras["crate"]) <= set(extras["development"])


def test_both_containers_are_built_by_the_same_command() -> None:
    docker, apptainer = ((ROOT / "envs" / file).read_text() for file in DEFINITIONS[:2])
    [run] = re.findall(r"^RUN (.*)$", docker, flags=re.MULTILINE)
    assert run.replace("pip install", "pip install --no-cache-dir") in apptainer
    [base] = re.findall(r"^FROM (.*)$", docker, flags=re.MULTILINE)
    assert f"From: {base}\n" in apptainer


def test_containers_are_given_the_same_files_and_these_exist() -> None:
    docker, apptainer = ((ROOT / "envs" / file).read_text() for file in DEFINITIONS[:2])
    copied = {file for line in re.findall(r"^COPY (.*) \S+$", docker, flags=re.MULTILINE) for file in line.split()}
    [section] = re.findall(r"%files\n(.*?)\n\n", apptainer, flags=re.DOTALL)
    assert copied == {line.split()[0] for line in section.splitlines()}
    assert all((ROOT / file).exists() for file in copied)
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line.removeprefix("!") for line in sent if line.startswith("!")} == copied


def test_the_conda_environment_is_of_one_kind() -> None:
    environment = yaml.safe_load((ROOT / "envs" / "hyperforget.yaml").read_text())
    assert environment["channels"] == ["conda-forge"]
    assert environment["dependencies"][-1] == {
        "pip": ["-c ${HYPERFORGET_ROOT}/constraints.txt", "-e ${HYPERFORGET_ROOT}"]
    }


def test_files_of_the_package_that_are_not_python_are_installed_with_it() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    package = ROOT / "hyperforget"
    files = {path for path in package.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert {path for pattern in tool["package-data"]["hyperforget"] for path in package.glob(pattern)} == files != set()
    assert all((path.parent / "__init__.py").is_file() for path in files)


def test_extras_are_named_as_they_can_be_installed() -> None:
    """No index has a project of this name, and somebody else could give it one."""
    texts = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "hyperforget").rglob("*.py")]
    assert [path for path in texts if re.search(r"pip install ['\"]?hyperforget(\[|['\" ]|$)", path.read_text())] == []
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = re.findall(r"-e '\.\[(\w+)\]'", "".join(path.read_text() for path in texts if path.suffix == ".md"))
    assert set(named) >= {"slurm", "remote"}
    assert set(named) <= set(extras)
