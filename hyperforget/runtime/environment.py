"""What a result was made with: versions of packages, and the git commit of this one."""

import json
import os
import platform
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

_PACKAGES = (
    "hyperforget", "torch", "numpy", "scipy", "scikit-learn", "pandas", "zarr", "safetensors", "matplotlib",
    "jinja2", "pydantic",
)  # fmt: skip


@dataclass(frozen=True)
class GitState:
    """The commit that the package was at; ``clean`` says whether its files and the workflow's were as in it."""

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


def git_state(package: Path) -> GitState | None:
    """The git commit that holds a package, told from its folder, and the workflow beside it.

    That of an installed package is the one that it was fetched at, where pip noted it. None without git, before the
    first commit, and where the package's own files are not tracked, as in a virtual environment inside somebody else's
    repository. Other files, such as data and configurations, are of no account.
    """
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return _fetched(package)
    commit = _git(package, "rev-parse", "HEAD")
    parts = (".", "../workflow", "../Snakefile")
    changes = _git(package, "status", "--porcelain", "--untracked-files=no", "--", *parts)
    return None if commit is None or changes is None else GitState(commit, clean=not changes)


def _fetched(package: Path) -> GitState | None:
    """The commit of a package that pip installed from a repository, as PEP 610 has it noted."""
    try:
        installed = distribution(package.name)
        noted = json.loads(installed.read_text("direct_url.json") or "{}")
        commit = noted["vcs_info"]["commit_id"]
        is_it = Path(str(installed.locate_file(package.name))).samefile(package)
    except (PackageNotFoundError, OSError, ValueError, KeyError, TypeError):
        return None
    return GitState(commit, clean=True) if is_it and isinstance(commit, str) else None


def _git(package: Path, *arguments: str) -> str | None:
    # Those of a hook or of `git rebase --exec` name another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # The checkout may be another user's, whose code runs here anyway.
    trusted = f"safe.directory={package.resolve().parent}"
    try:
        done = subprocess.run(
            ["git", "-c", trusted, "-C", str(package), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
