"""What a result was made with: versions of packages, and the git commit of this one."""

import platform
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    "hyperforget", "torch", "numpy", "scipy", "scikit-learn", "pandas", "zarr", "safetensors", "matplotlib",
    "jinja2", "pydantic",
)  # fmt: skip


@dataclass(frozen=True)
class GitState:
    """The commit that the package was at; ``clean`` says whether nothing differed from it."""

    commit: str
    clean: bool


def package_versions() -> list[tuple[str, str]]:
    """Python and the packages that decide numbers, with versions; those not installed are left out."""
    versions = {name: _version(name) for name in _PACKAGES}
    return [("python", platform.python_version()), *((name, found) for name, found in versions.items() if found)]


# It is read from a long text, and one process may run many stages.
@cache
def _version(package: str) -> str:
    """The version of a package; nothing where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def git_state(folder: Path) -> GitState | None:
    """The git commit of the folder; None outside a repository, before its first commit, or without git."""
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain")
    return None if commit is None or changes is None else GitState(commit, clean=not changes)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
