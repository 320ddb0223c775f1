"""How a report was made: objects, time and configuration, read from where they lie."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hyperforget.errors import UserError
from hyperforget.report.spec import FIGURE_FOLDER, FIGURE_SUFFIX, TABLE_FOLDER, TABLE_SUFFIXES
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token

_MADE = (".json", ".safetensors", FIGURE_SUFFIX, *TABLE_SUFFIXES)


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


def dataset_warnings(results: Path, task: str) -> list[str]:
    """What a reader must know of a task's images, from the token of its dataset if it is there."""
    path = results / task / "dataset.json"
    return list(map(str, read_token(path, kind="dataset").summary.get("warnings", []))) if path.is_file() else []


def unrecorded_files(store: Store, results: Path, tasks: Iterable[str]) -> list[str]:
    """Tables, figures, networks, tokens and measurements below ``results`` that differ from all that stages recorded in
    the store, by path: edited since, or made with another store.
    """
    made = [results / name for name in ("metrics.csv", "costs.csv")]
    for folder in (TABLE_FOLDER, FIGURE_FOLDER, *tasks):
        made += [path for path in sorted((results / folder).rglob("*")) if path.suffix in _MADE]
    return [
        path.relative_to(results).as_posix()
        for path in made
        if path.is_file() and not store.blob_path(file_digest(path)).is_file()
    ]


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
            timings.append(Timing(stage.name, len(seconds), sum(seconds), max(seconds), max(memory, default=math.nan)))
    return sorted(timings, key=lambda timing: (-timing.total, timing.stage))


def config_text(config: Any) -> str:
    """A config as YAML, short lists and mappings on one line."""
    text: str = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)
    return text.rstrip()


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
