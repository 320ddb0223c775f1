"""Versions of packages, and the state of a git repository."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hyperforget.runtime.environment import GitState, git_state, package_versions


def test_versions_name_python_and_what_is_installed() -> None:
    versions = dict(package_versions())
    assert versions["python"].startswith("3.")
    assert {"pandas", "matplotlib", "jinja2"} <= set(versions)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def make_checkout(folder: Path) -> Path:
    """A repository with a package and a workflow, nothing of which is committed; returns the package's folder."""
    package = folder / "hyperforget"
    for path in (
        package / "__init__.py",
        folder / "workflow" / "Snakefile",
        folder / "Snakefile",
        folder / "README.md",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    git(folder, "init")
    return package


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    package = make_checkout(tmp_path)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    return package


def test_no_commit_is_told_outside_a_repository_and_before_the_first(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None
    package = make_checkout(tmp_path)
    assert git_state(package) is None
    git(tmp_path, "add", ".")
    assert git_state(package) is None


def test_git_state_tells_the_commit(committed: Path) -> None:
    assert git_state(committed) == GitState(git(committed, "rev-parse", "HEAD"), clean=True)


@pytest.mark.parametrize(
    ("changed", "clean"),
    [
        ("hyperforget/__init__.py", False),
        ("workflow/Snakefile", False),
        ("Snakefile", False),
        ("README.md", True),
        ("data/images.npz", True),
        ("mine.yaml", True),
        ("hyperforget/__pycache__/a.pyc", True),
    ],
)
def test_only_changes_of_the_package_and_the_workflow_count(committed: Path, changed: str, clean: bool) -> None:
    path = committed.parent / changed
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")
    state = git_state(committed)
    assert state is not None
    assert state.clean == clean


@pytest.mark.parametrize("ignored", [True, False])
def test_the_repository_around_an_installed_package_is_not_its_own(tmp_path: Path, ignored: bool) -> None:
    git(tmp_path, "init")
    (tmp_path / ".gitignore").write_text(".venv/" if ignored else "")
    git(tmp_path, "add", ".gitignore")
    git(tmp_path, "commit", "-m", "of a paper")
    package = tmp_path / ".venv" / "site-packages" / "hyperforget"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    assert git_state(package) is None


def install(site: Path, noted: str) -> Path:
    """A package as pip installs it, with what it notes of where it was fetched."""
    package, metadata = site / "fetched", site / "fetched-1.0.dist-info"
    for path, text in (
        (package / "__init__.py", ""),
        (metadata / "METADATA", "Metadata-Version: 2.1\nName: fetched\nVersion: 1.0\n"),
        (metadata / "direct_url.json", noted),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return package


COMMIT = "0123456789abcdef0123456789abcdef01234567"
FETCHED = {"url": "https://example.org/a.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}


def test_the_commit_of_an_installed_package_is_the_one_it_was_fetched_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = install(tmp_path / "site", json.dumps(FETCHED))
    assert git_state(package) is None
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    assert git_state(package) == GitState(COMMIT, clean=True)
    # A copy of that name which lies elsewhere is another one.
    assert git_state(install(tmp_path / "other", "{}")) is None


@pytest.mark.parametrize("noted", ["", "{", "[]", "{}", '{"vcs_info": 1}', '{"vcs_info": {"commit_id": 7}}'])
def test_what_pip_noted_otherwise_names_no_commit(tmp_path: Path, noted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    package = install(tmp_path / "site", noted)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    assert git_state(package) is None


def test_the_repository_of_a_hook_is_not_asked(
    committed: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = git_state(committed)
    other = make_checkout(tmp_path_factory.mktemp("other")).parent
    git(other, "add", ".")
    git(other, "commit", "-m", "of another repository")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert git_state(committed) == known is not None


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files to another user")
def test_a_checkout_of_another_user_has_its_commit(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = git_state(committed)
    for path in (committed.parent, *committed.parent.rglob("*")):
        os.chown(path, 12345, 12345)
    # Else it is the user who called sudo that git compares with.
    monkeypatch.delenv("SUDO_UID", raising=False)
    refused = subprocess.run(["git", "-C", str(committed), "status"], capture_output=True, text=True, check=False)
    assert "dubious ownership" in refused.stderr
    assert git_state(committed) == known is not None
