"""A small store with everything that a run puts into one, and the results beside it."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hyperforget import store
from hyperforget.store.files import file_digest

SIZES = [3, 2, 2]  # 14 parameters


def publish_segment(root: Path, seed: int) -> str:
    generator = np.random.default_rng(seed)
    arrays = {
        "theta": generator.normal(size=(3, 4, 14)).astype(np.float32),
        "loss": generator.exponential(size=(3, 4, 2)).astype(np.float32),
        "correct": generator.integers(0, 11, size=(3, 4, 2)).astype(np.int32),
        "saved": np.array([4, 2, 3], np.int64),
    }
    return store.publish(root, "segment", arrays, {"task": "digits-4", "shard": seed, "sizes": SIZES})


def make_recipe(root: Path, stage: str, inputs: list[Path], outputs: list[Path]) -> store.Recipe:
    """Record that a stage made files out of others."""
    refs = {path.name: store.FileRef(path.as_posix(), file_digest(path)) for path in inputs}
    recipe = store.Recipe(stage, {"task": "digits-4"}, {"seed": 0, "rate": 0.5}, "c0de", refs)
    store.record(root, recipe, {path.name: path for path in outputs}, {"time": "2026-01-01T00:00:00+00:00"})
    return recipe


def make_run(folder: Path) -> SimpleNamespace:
    """``root`` of the store, ``results``, ids of ``objects`` and ``recipes`` by name, and ``version_id``."""
    root, results = folder / "store", folder / "results"
    task = results / "digits-4"
    shards = [task / "checkpoints" / f"shard-{seed}.json" for seed in (0, 1)]
    objects: dict[str, str] = {}
    recipes: dict[str, store.Recipe] = {}
    for seed, token in enumerate(shards):
        objects[token.stem] = publish_segment(root, seed)
        store.write_token(token, "segment", objects[token.stem], {"shard": seed})
        recipes[token.stem] = make_recipe(root, f"collect {seed}", [], [token])
    segments = [objects[token.stem] for token in shards]
    objects["corpus"] = store.publish(root, "corpus", {}, {"task": "digits-4", "segments": segments})
    store.write_token(task / "corpus.json", "corpus", objects["corpus"], {"runs": 6})
    recipes["corpus"] = make_recipe(root, "assemble", shards, [task / "corpus.json"])
    params = np.random.default_rng(2).normal(size=(5, 14)).astype(np.float32)
    objects["networks"] = store.publish(root, "networks", {"params": params}, {"sizes": SIZES, "chosen": 1})
    networks = task / "dihyfo-1" / "forget-2.json"
    store.write_token(networks, "networks", objects["networks"], {"chosen": 1})
    recipes["networks"] = make_recipe(root, "sample", [task / "corpus.json"], [networks])
    table = results / "metrics.csv"
    table.write_text("task,metric,value\ndigits-4,accuracy,0.5\n")
    recipes["table"] = make_recipe(root, "gather", [networks], [table])
    (results / "report.html").write_text("<p>report</p>")
    (results / "logs").mkdir()
    (results / "logs" / "a.json").write_text("{}")
    version = store.snapshot(root, results)
    store.tag(root, "paper", version.id)
    store.append_log(root, version.id, "first")
    return SimpleNamespace(
        root=root, results=results, objects=objects, recipes=recipes, version_id=version.id
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture
def run(template: SimpleNamespace, tmp_path: Path) -> SimpleNamespace:
    """A fresh copy of the run, whose files can be written."""
    folder = tmp_path / "run"
    shutil.copytree(template.root.parent, folder)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o644)
    return SimpleNamespace(**{**vars(template), "root": folder / "store", "results": folder / "results"})


@pytest.fixture
def age() -> Callable[..., None]:
    """Makes everything below a folder look as if it was last used so many seconds ago."""

    def make_old(folder: Path, seconds: float) -> None:
        then = time.time() - seconds
        for path in [folder, *folder.rglob("*")]:
            os.utime(path, (then, then))

    return make_old
