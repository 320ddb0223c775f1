"""Versions of packages, and the state of a git repository."""

import subprocess
from dataclasses import replace
from pathlib import Path

from hyperforget.runtime.environment import git_state, package_versions


def test_versions_name_python_and_what_is_installed() -> None:
    versions = dict(package_versions())
    assert versions["python"].startswith("3.")
    assert {"pandas", "matplotlib", "jinja2"} <= set(versions)


def test_git_state_tells_commit_and_cleanness(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init")
    assert git_state(tmp_path) is None
    git("commit", "--allow-empty", "-m", "first")
    state = git_state(tmp_path)
    assert state is not None
    assert state.commit == git("rev-parse", "HEAD")
    assert state.clean
    (tmp_path / "new.py").write_text("")
    assert git_state(tmp_path) == replace(state, clean=False)
