"""A small hand-made run: real objects, tokens and recipes in a store, but made-up tables, in milliseconds."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from hyperforget.store.computations import Computation, FileRef
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store
from hyperforget.store.tokens import write_token

HEADER = "task,method,forget,selection,set,metric,value,low,high,n"
VERSIONS = {"python": "3.11.7", "hyperforget": "0.1.0", "torch": "2.13.0", "numpy": "2.4.6"}
# Of runs that are copied; deleted when the process ends.
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class RecordedRun:
    """A folder with results and a store; stages are recorded with paths as a workflow in it writes them."""

    folder: Path
    seconds: int = 0
    objects: dict[str, str] = field(default_factory=dict)

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def store(self) -> Store:
        return Store(self.results / "store")

    def token(self, path: str, kind: str, arrays: Mapping[str, np.ndarray], **attributes: Any) -> bytes:
        """The bytes of a token for an object that is published here."""
        self.objects[path] = self.store.publish(kind, arrays, attributes)
        write_token(self.folder / path, kind, self.objects[path], {"task": "toy"})
        return (self.folder / path).read_bytes()

    def stage(
        self,
        name: str,
        inputs: Mapping[str, str],
        outputs: Mapping[str, tuple[str, bytes]],
        spec: Any = None,
        code: str = "0123456789abcdef",
        **arguments: str,
    ) -> Computation:
        """Write the outputs of a stage, and record them one minute after the last."""
        references = {key: FileRef(path, file_digest(self.folder / path)) for key, path in inputs.items()}
        for path, content in outputs.values():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_bytes(content)
        self.seconds += 60
        recipe = Computation(name, arguments, {} if spec is None else spec, code, references)
        provenance = {
            "time": (START + timedelta(seconds=self.seconds)).isoformat(timespec="seconds"),
            "seconds": 1.5,
            "host": "node1",
            "versions": VERSIONS,
            "git": None,
            "threads": 1,
        }
        # As a stage would that was started in the folder.
        with contextlib.chdir(self.folder):
            written = {key: Path(path) for key, (path, _) in outputs.items()}
            Store(self.store.root.relative_to(self.folder)).record(recipe, written, provenance)
        return recipe


def make_run(
    folder: Path,
    steps: int = 10,
    sampler: str = "aaaaaaaaaaaaaaaa",
    pixel: float = 0.0,
    begin: int = 0,
) -> RecordedRun:
    """A run of nine stages for one forget set, ``begin`` seconds after `START`; in a folder that has a run, one more.

    ``steps`` is a setting, ``sampler`` the code of the sampling stage, and ``pixel`` the data. With one forget set the
    joined metrics are byte for byte the part that they are joined from.
    """
    if (folder / "results").exists():
        return _made(folder, steps, sampler, pixel, begin)
    first = _first(steps, sampler, pixel, begin)
    shutil.copytree(first.folder, folder, dirs_exist_ok=True)
    return replace(first, folder=folder, objects=dict(first.objects))


@cache
def _first(steps: int, sampler: str, pixel: float, begin: int) -> RecordedRun:
    """A run in a folder of its own, to be copied."""
    _FOLDERS.append(kept := tempfile.TemporaryDirectory())
    return _made(Path(kept.name), steps, sampler, pixel, begin)


def _made(folder: Path, steps: int, sampler: str, pixel: float, begin: int) -> RecordedRun:
    run = RecordedRun(folder, begin)
    dataset = {"images": np.full((4, 3), pixel, np.float32)}
    run.stage(
        "fetch_dataset",
        {},
        {"token": ("results/toy/dataset.json", run.token("results/toy/dataset.json", "dataset", dataset))},
        {"dataset": {"source": "npz", "version": pixel}, "seed": 0},
        task="toy",
    )
    read = {"dataset": "results/toy/dataset.json"}
    segments = []
    for shard in range(2):
        path = f"results/toy/checkpoints/shard-{shard}.json"
        theta = np.full((2, 3, 5), shard + pixel, np.float32)
        token = run.token(path, "segment", {"theta": theta}, sizes=[2, 1, 1], shard=shard)
        run.stage("collect_checkpoints", read, {"token": (path, token)}, {"runs": 2}, task="toy", shard=str(shard))
        segments.append(path)
    ids = [run.objects[path] for path in segments]
    corpus = run.token("results/toy/corpus.json", "corpus", {}, segments=ids)
    run.stage(
        "assemble_corpus",
        read | {f"segments.{index}": path for index, path in enumerate(segments)},
        {
            "token": ("results/toy/corpus.json", corpus),
            "classes": ("results/toy/corpus-classes.csv", b"class\n0\n"),
        },
        task="toy",
    )
    read |= {"corpus": "results/toy/corpus.json"}
    path = "results/toy/model/forget-2.json"
    params = np.full((1, 5), steps + pixel, np.float32)
    run.stage(
        "sample_unlearned",
        read,
        {
            "token": (path, run.token(path, "networks", {"params": params}, sizes=[2, 1, 1])),
            "network": ("results/toy/model/forget-2.safetensors", params.tobytes()),
        },
        {"sampling": {"steps": steps}, "seed": 0},
        sampler,
        task="toy",
        forget="2",
    )
    shown = 0.9 + (steps - 10) / 10 + pixel
    table = metrics_table({"population": (shown, 0.8, 0.95), "chosen": (0.5, None, None)})
    run.stage(
        "evaluate",
        {"dataset": "results/toy/dataset.json", "networks.0": path},
        {"metrics": ("results/toy/forget-2.csv", table)},
        {"protocol": "validation"},
        task="toy",
        forget="2",
    )
    run.stage("gather_metrics", {"parts.0": "results/toy/forget-2.csv"}, {"metrics": ("results/metrics.csv", table)})
    tables = {
        f"tables.{index}": (f"results/tables/toy.{suffix}", f"{suffix} {shown}".encode())
        for index, suffix in enumerate(["csv", "tex"])
    }
    run.stage("build_tables", {"metrics": "results/metrics.csv"}, tables)
    config = {"models": {"model": {"sampling": {"steps": steps}}}, "tasks": {"toy": {"version": pixel}}}
    inputs = ["metrics.csv", "tables/toy.csv", "tables/toy.tex", "toy/corpus-classes.csv"]
    run.stage(
        "build_report",
        {f"inputs.{index}": f"results/{name}" for index, name in enumerate(inputs)},
        {"page": ("results/report.html", f"<p>{shown}, made {begin} seconds after the start".encode())},
        {"config": config},
        started=str(begin),
    )
    return run


def metrics_table(rows: Mapping[str, tuple[float, float | None, float | None]]) -> bytes:
    """The bytes of a metrics file: value and interval of one cell, by selection."""
    lines = [HEADER]
    for selection, numbers in rows.items():
        cells = ["" if number is None else repr(number) for number in numbers]
        lines.append(",".join(["toy", "model", "2", selection, "forget", "accuracy", *cells, "4"]))
    return ("\n".join(lines) + "\n").encode()


def read_json(path: Path) -> Any:
    return json.loads(path.read_bytes())
