"""How a report was made: versions, git state, objects and time, read from where they lie."""

import json
import math
import platform
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hyperforget.command import UserError

_PACKAGES = (
    "hyperforget", "torch", "numpy", "scipy", "scikit-learn", "pandas", "zarr", "safetensors", "matplotlib",
    "jinja2", "pydantic",
)  # fmt: skip
_YAML_WORDS = ("true", "false", "yes", "no", "on", "off", "y", "n", "null")


@dataclass(frozen=True)
class GitState:
    """The commit that the package was at; ``clean`` says whether nothing differed from it."""

    commit: str
    clean: bool


@dataclass(frozen=True)
class Token:
    """A small file that names a stored object."""

    path: str
    kind: str
    object_id: str


@dataclass(frozen=True)
class Timing:
    """Wall seconds of all jobs of a stage; ``memory`` is the largest resident set in MB, NaN if unknown."""

    stage: str
    jobs: int
    total: float
    longest: float
    memory: float


def package_versions() -> list[tuple[str, str]]:
    """Python and the packages that decide numbers, with versions; those not installed are left out."""
    versions = [("python", platform.python_version())]
    for name in _PACKAGES:
        try:
            versions.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return versions


def git_state(folder: Path) -> GitState | None:
    """The git commit of the folder; None outside a repository, before its first commit, or without git."""
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain")
    return None if commit is None or changes is None else GitState(commit, clean=not changes)


def find_tokens(results: Path, tasks: Iterable[str]) -> list[Token]:
    """All tokens below the folders of the tasks, by path; raises `UserError` for one that cannot be read."""
    tokens = []
    for task in tasks:
        for path in sorted((results / task).rglob("*.json")):
            content = _read_json(path, path.read_text(encoding="utf-8"))
            if isinstance(content, dict) and "object_id" in content:
                name = path.relative_to(results).as_posix()
                tokens.append(Token(name, str(content.get("kind", "")), str(content["object_id"])))
    return tokens


def stage_timings(results: Path) -> list[Timing]:
    """Times by stage from ``benchmarks/<stage>/**/*.jsonl``, one JSON line a job; longest stage first."""
    folder = results / "benchmarks"
    timings = []
    for stage in sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ():
        jobs = [
            _read_json(path, line)
            for path in sorted(stage.rglob("*.jsonl"))
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip()
        ]
        seconds = [_number(job.get("s")) for job in jobs]
        seconds = [value for value in seconds if not math.isnan(value)]
        memory = [value for job in jobs if not math.isnan(value := _number(job.get("max_rss")))]
        if seconds:
            timings.append(
                Timing(stage.name, len(seconds), sum(seconds), max(seconds), max(memory, default=math.nan))
            )
    return sorted(timings, key=lambda timing: (-timing.total, timing.stage))


def config_text(config: Any, indent: int = 0) -> str:
    """A config as YAML: mappings by indentation, everything inside them as JSON, which YAML includes."""
    lines = []
    for key, value in config.items():
        plain = re.fullmatch(r"[A-Za-z][\w-]*", str(key)) and str(key).lower() not in _YAML_WORDS
        name = key if plain else json.dumps(key)
        if isinstance(value, dict) and value:
            lines.append(f"{'  ' * indent}{name}:\n{config_text(value, indent + 1)}")
        else:
            lines.append(f"{'  ' * indent}{name}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _read_json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not JSON: {error}") from None


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan
