"""Writers that are killed, and writers that compete: nothing half-written is seen, and nothing is lost."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hyperforget
from hyperforget.store.computations import read_records
from hyperforget.store.garbage import collect_garbage
from hyperforget.store.store import Store
from hyperforget.store.tags import list_tags
from hyperforget.store.verification import verify
from hyperforget.store.versions import read_log
from tests.torture import row

pytestmark = pytest.mark.pipeline

WRITERS = 100
COMPETITORS, ROUNDS = 4, 20  # of publishing, recording, logging and tagging: 320 operations

# One interpreter forks all writers, so that each costs milliseconds. Half of them are killed after a random
# time, half at a random call of the operating system, just before or just after it took effect.
KILLED = """
import os, random, signal, sys, time
from pathlib import Path
import numpy as np
from hyperforget.store.computations import Computation
from hyperforget.store.store import Store
from hyperforget.store.tags import tag
from hyperforget.store.tokens import write_token
from hyperforget.store.versions import append_log, snapshot

root, results, writers = Store(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])

def write(seed):
    values = np.random.default_rng(seed)
    for index in range(100):
        number = int(values.integers(60))  # writers meet at the same objects
        content = {"params": np.full((3, 4), number, np.float32)}
        kind = ["networks", "hypernet"][number % 2]
        object_id = root.publish(kind, content, {"number": number})
        folder = results / f"{seed}"
        token = folder / f"{number}.json"
        write_token(token, kind, object_id, {"number": number})
        computation = Computation("write", {"number": str(number)}, None, "c0de", {})
        root.record(computation, {"token": token}, {"seed": seed})
        version = snapshot(root, folder)
        append_log(root, version.id, str(seed))
        tag(root, f"{seed}-{index}", version.id)

def die_at_call(number, after):
    calls = 0
    def counted(function):
        def call(*arguments, **options):
            nonlocal calls
            calls += 1
            if calls >= number and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*arguments, **options)
            if calls >= number:
                os.kill(os.getpid(), signal.SIGKILL)
            return result
        return call
    for name in ("fsync", "rename", "replace", "link", "mkdir", "utime", "unlink", "chmod", "open"):
        setattr(os, name, counted(getattr(os, name)))

root.publish("networks", {"params": np.zeros(1)}, {})  # imports all that is needed before forking
pause = random.Random(0)
for start in range(0, writers, 4):
    children = []
    for seed in range(start, start + 4):
        child = os.fork()
        if child == 0:
            try:
                if seed % 2:
                    die_at_call(random.Random(seed).randint(1, 250), seed % 4 == 1)
                write(seed)
            finally:
                os._exit(1)
        children.append(child)
    for child in children[::2]:  # those with even seeds
        time.sleep(pause.uniform(0, 0.06))
        os.kill(child, signal.SIGKILL)
    for child in children:
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
"""

COMPETING = """
import sys
from pathlib import Path
import numpy as np
from hyperforget.store.computations import Computation
from hyperforget.store.store import Store
from hyperforget.store.tags import tag
from hyperforget.store.tokens import write_token
from hyperforget.store.versions import append_log, snapshot

root, results, me, rounds = Store(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
for index in range(rounds):
    content = {"params": np.full((3, 4), index // 2, np.float32)}
    object_id = root.publish("networks", content, {"number": index // 2})
    token = results / me / f"{index}.json"
    write_token(token, "networks", object_id, {})
    root.record(Computation("s", {"me": me}, index, "c", {}), {"token": token}, {"me": me})
    version = snapshot(root, results / me)
    entry = append_log(root, version.id, f"{me}-{index}")
    tag(root, f"{me}-{index}", version.id)
    print(object_id, version.id, entry.number)
"""


def environment() -> dict[str, str]:
    return {"PYTHONPATH": str(Path(hyperforget.__file__).parents[1]), "OMP_NUM_THREADS": "1"}


def leftovers(root: Path) -> list[Path]:
    return [path for path in root.rglob("*.partial") if path.name.startswith(".")] + list((root / "tmp").iterdir())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="writers are forked")
def test_a_hundred_killed_writers_leave_only_whole_things_and_leftovers(tmp_path: Path) -> None:
    root, results = tmp_path / "store", tmp_path / "results"
    arguments = [str(root), str(results), str(WRITERS)]
    with row("writers killed at a random moment or call") as told:
        subprocess.run([sys.executable, "-c", KILLED, *arguments], env=environment(), check=True, timeout=300)
        told.tried = WRITERS
        assert verify(Store(root), 2) == []
    objects = list((root / "objects").glob("*/*"))
    assert len(objects) > 10
    for folder in objects:
        stored = Store(root).read(folder.name)
        if stored.attributes:
            expected = np.full((3, 4), stored.attributes["number"], np.float32)
            np.testing.assert_array_equal(stored.arrays["params"], expected)
    assert list_tags(Store(root))
    assert [entry.number for entry in read_log(Store(root))] == list(range(1, len(read_log(Store(root))) + 1))
    for record in read_records(Store(root)):
        assert Store(root).look_up(record.computation) == record
    left = leftovers(root)
    assert left, "no writer was killed while it wrote, which this test is about"
    removed = collect_garbage(Store(root), keep_last_entries=10**6, dry_run=False, grace_seconds=0)
    assert set(left) <= {removal.path for removal in removed}
    assert leftovers(root) == []
    assert verify(Store(root), 2) == []


def test_of_four_processes_at_once_no_operation_is_lost(tmp_path: Path) -> None:
    root, results = tmp_path / "store", tmp_path / "results"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", COMPETING, str(root), str(results), str(me), str(ROUNDS)],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for me in range(COMPETITORS)
    ]
    with row("operations of four writers at once") as told:
        outputs = [process.communicate(timeout=300) for process in processes]
        assert [process.returncode for process in processes] == [0] * COMPETITORS, outputs
        told.tried = 4 * COMPETITORS * ROUNDS
    done = {
        f"{me}-{index}": line.split()
        for me, (output, _) in enumerate(outputs)
        for index, line in enumerate(output.splitlines())
    }
    assert len(done) == COMPETITORS * ROUNDS
    assert {tag.name: tag.version_id for tag in list_tags(Store(root))} == {
        name: version for name, (_, version, _) in done.items()
    }
    log = read_log(Store(root))
    assert {entry.message: (entry.version_id, str(entry.number)) for entry in log} == {
        name: (version, number) for name, (_, version, number) in done.items()
    }
    assert len(log) == len(done)
    assert len(list(read_records(Store(root)))) == len(done)
    objects = {path.name for path in (root / "objects").glob("*/*")}
    assert objects == {object_id for object_id, _, _ in done.values()}
    assert len(objects) == ROUNDS // 2  # what several published at once is stored once
    assert leftovers(root) == []
    assert verify(Store(root), 2) == []
