"""A small store with everything that a run puts into one, and the results beside it."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from hyperforget.store.computations import Computation, FileRef
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store
from hyperforget.store.tags import tag
from hyperforget.store.tokens import write_token
from hyperforget.store.versions import append_log, snapshot

SIZES = [3, 2, 2]  # 14 parameters


@dataclass(frozen=True)
class Run:
    """A store, results beside it and their version, and ids of objects and computations by name."""

    store: Store
    results: Path
    objects: dict[str, str]
    computations: dict[str, Computation]
    version_id: str

    @property
    def root(self) -> Path:
        return self.store.root


def publish_segment(store: Store, seed: int) -> str:
    generator = np.random.default_rng(seed)
    arrays: dict[str, np.ndarray] = {
        "theta": generator.normal(size=(3, 4, 14)).astype(np.float32),
        "loss": generator.exponential(size=(3, 4, 2)).astype(np.float32),
        "correct": generator.integers(0, 11, size=(3, 4, 2)).astype(np.int32),
        "discriminability": generator.exponential(size=(3, 4, 2)).astype(np.float32),
        "separability": generator.exponential(size=(3, 4, 2)).astype(np.float32),
        "saved": np.array([4, 2, 3], np.int64),
    }
    return store.publish("segment", arrays, {"task": "digits-4", "shard": seed, "sizes": SIZES})


def record_stage(store: Store, stage: str, inputs: list[Path], outputs: list[Path]) -> Computation:
    """Record that a stage made files out of others."""
    refs = {path.name: FileRef(path.as_posix(), file_digest(path)) for path in inputs}
    computation = Computation(stage, {"task": "digits-4"}, {"seed": 0, "rate": 0.5}, "c0de", refs)
    provenance = {"time": "2026-01-01T00:00:00+00:00"}
    store.record(computation, {path.name: path for path in outputs}, provenance)
    return computation


def make_run(folder: Path) -> Run:
    """Two segments, their corpus, networks and a table, tagged and logged."""
    store, results = Store(folder / "store"), folder / "results"
    task = results / "digits-4"
    shards = [task / "checkpoints" / f"shard-{seed}.json" for seed in (0, 1)]
    objects: dict[str, str] = {}
    made: dict[str, Computation] = {}
    for seed, token in enumerate(shards):
        objects[token.stem] = publish_segment(store, seed)
        write_token(token, "segment", objects[token.stem], {"shard": seed})
        made[token.stem] = record_stage(store, f"collect {seed}", [], [token])
    segments = [objects[token.stem] for token in shards]
    objects["corpus"] = store.publish("corpus", {}, {"task": "digits-4", "segments": segments})
    write_token(task / "corpus.json", "corpus", objects["corpus"], {"runs": 6})
    made["corpus"] = record_stage(store, "assemble", shards, [task / "corpus.json"])
    params = np.random.default_rng(2).normal(size=(5, 14)).astype(np.float32)
    objects["networks"] = store.publish("networks", {"params": params}, {"sizes": SIZES, "chosen": 1})
    networks = task / "dihyfo-1" / "forget-2.json"
    write_token(networks, "networks", objects["networks"], {"chosen": 1})
    made["networks"] = record_stage(store, "sample", [task / "corpus.json"], [networks])
    table = results / "metrics.csv"
    table.write_text("task,metric,value\ndigits-4,accuracy,0.5\n")
    made["table"] = record_stage(store, "gather", [networks], [table])
    (results / "report.html").write_text("<p>report</p>")
    (results / "logs").mkdir()
    (results / "logs" / "a.log").write_text("{}")
    version = snapshot(store, results)
    tag(store, "paper", version.id)
    append_log(store, version.id, "first")
    return Run(store, results, objects, made, version.id)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture
def run(template: Run, tmp_path: Path) -> Run:
    """A fresh copy of the run, whose files can be written."""
    folder = tmp_path / "run"
    shutil.copytree(template.root.parent, folder)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
    return replace(template, store=Store(folder / "store"), results=folder / "results")


@pytest.fixture
def age() -> Callable[..., None]:
    """Makes everything below a folder look as if it was last used so many seconds ago."""

    def make_old(folder: Path, seconds: float) -> None:
        then = time.time() - seconds
        for path in [folder, *folder.rglob("*")]:
            os.utime(path, (then, then))

    return make_old
