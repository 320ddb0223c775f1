"""How long a large store and a large configuration take: seconds, each beside its bar.

    python benchmarks/store/scale.py [--folder DIR] [--objects 10000] [--sets 200] [--output FILE]

The store holds so many objects of networks, 75 kB each, with the computation and the token of each, and a version with
its tag and its entry of the log for every hundred. The bar of ``verify`` is the time to read all of it from the page
cache, objects, computations, tags, the log and files as stages do, and beside it stands what it takes to hash all files
and do nothing else; ``log`` and ``gc`` are commands, whose start counts. The dry run is one of a task with so many
forget sets, for which every method is asked.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations, islice
from pathlib import Path
from unittest.mock import patch

import numpy as np
import yaml

from hyperforget.config.reading import read_config
from hyperforget.progress import progress
from hyperforget.store.blobs import get_blob
from hyperforget.store.computations import Computation, read_records
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store
from hyperforget.store.tags import list_tags, tag
from hyperforget.store.tokens import write_token
from hyperforget.store.verification import verify
from hyperforget.store.versions import append_log, read_log, snapshot

ROOT = Path(__file__).parents[2]
NETWORKS, PARAMETERS = 32, 582
OBJECTS_A_VERSION = 100


@dataclass(frozen=True)
class Timing:
    """Seconds that something took, the bar that they are to stay below, and what else there is to say."""

    name: str
    seconds: float
    bar: float
    note: str = ""


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where to write; default: the temporary folder")
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results.json"))
    options = parser.parse_args()
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        timings = list(measure(Path(folder), options.objects, options.sets))
    for each in timings:
        print(f"{each.name:30}{each.seconds:8.1f} s{each.bar:8.1f} {_verdict(each):7}{each.note}")
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    report = {"machine": machine, "timings": [asdict(each) for each in timings]}
    options.output.write_text(json.dumps(report, indent=2) + "\n")


def _verdict(timing: Timing) -> str:
    return "met" if timing.seconds <= timing.bar else "MISSED"


def measure(folder: Path, count: int, sets: int) -> Iterator[Timing]:
    """All timings, in a folder that may be filled."""
    yield dry_run(folder / "dry", sets)
    store, results = make_store(folder, count)
    files = [path for path in store.root.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    objects = [path.name for path in (store.root / "objects").glob("*/*")]
    hash_files(files)  # then they are in the page cache
    hashed, of_objects = seconds(partial(hash_files, files)), seconds(partial(read_objects, store, objects))
    read = of_objects + seconds(partial(read_the_rest, store))
    note = f"{len(files)} files, {size:.0f} MB: hashed in {hashed:.1f} s, all objects read in {of_objects:.1f} s"
    for level in (1, 2):
        yield Timing(f"verify --level {level}", seconds(partial(expect_whole, store, level)), read, note)
    for command in ("log", "gc"):
        yield Timing(f"store {command}", seconds(partial(run, command, store, results)), 10)


def make_store(folder: Path, objects: int) -> tuple[Store, Path]:
    """A store with objects, computations, tokens, versions, tags and a log, and the results that use the last."""
    store, results = Store(folder / "store"), folder / "results"
    with patch("os.fsync"):  # that nothing of it is lost if the machine stops, is not what is measured
        for number in progress(range(objects), objects, "publishing", "object"):
            params = np.random.default_rng(number).normal(size=(NETWORKS, PARAMETERS)).astype(np.float32)
            object_id = store.publish("networks", {"params": params}, {"sizes": [64, 8, 4], "number": number})
            token = results / "task" / f"{number % OBJECTS_A_VERSION}.json"
            write_token(token, "networks", object_id, {"number": number})
            store.record(Computation("sample", {"number": str(number)}, None, "c0de", {}), {"token": token}, {})
            if number % OBJECTS_A_VERSION == OBJECTS_A_VERSION - 1:
                version = snapshot(store, results)
                tag(store, f"version-{number}", version.id)
                append_log(store, version.id, f"after {number} objects")
    return store, results


def hash_files(files: list[Path]) -> None:
    """SHA-256 of every file."""
    for path in files:
        file_digest(path)


def read_objects(store: Store, objects: list[str]) -> None:
    """Every object, as a stage reads it."""
    for object_id in objects:
        store.read(object_id)


def read_the_rest(store: Store) -> None:
    """Every computation, tag, entry of the log and file, as commands read them."""
    computations, tags, log = list(read_records(store)), list_tags(store), read_log(store)
    assert all([computations, tags, log])
    for path in (store.root / "blobs").glob("*/*"):
        get_blob(store, path.name)


def expect_whole(store: Store, level: int) -> None:
    """Verify a store in which nothing is wrong."""
    assert verify(store, level) == []


def run(command: str, store: Store, results: Path) -> None:
    """A command of the store, in a process of its own."""
    places = ["--store", str(store)] + (["--results", str(results)] if command == "gc" else [])
    program = [sys.executable, "-m", "hyperforget.cli.main", "store", command, *places]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL)


def dry_run(folder: Path, sets: int) -> Timing:
    """A dry run of the whole report for so many forget sets of one task."""
    config = read_config(ROOT / "config/config.yaml")
    task = config["tasks"]["digits"]
    wanted = (
        "-".join(map(str, each))
        for size in range(1, 9)
        for each in combinations(range(9), size)
        if "-".join(map(str, each)) not in task["holdout"]
    )
    config["tasks"] = {"digits": {**task, "pivots": [9], "forget": list(islice(wanted, sets))}}
    folder.mkdir(parents=True)
    (folder / "many.yaml").write_text(yaml.safe_dump(config))
    given = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "many.yaml"]
    program = [sys.executable, "-m", "snakemake", "results/report.html", "-n", "--quiet", *given]
    taken = seconds(partial(subprocess.run, program, cwd=folder, check=True, stdout=subprocess.DEVNULL))
    shutil.rmtree(folder)
    return Timing(f"dry run of {sets} forget sets", taken, 15)


def seconds(function: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
