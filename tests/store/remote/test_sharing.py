"""Several machines that share one bucket, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hyperforget
from hyperforget.store.computations import Computation, read_records
from hyperforget.store.remote import Bucket, pull
from hyperforget.store.store import Store
from hyperforget.store.tags import list_tags, read_tag, tag
from hyperforget.store.tokens import write_token
from hyperforget.store.verification import verify
from hyperforget.store.versions import append_log, read_log, snapshot
from tests.store.remote.raw_bucket import dangling

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


def make_store(root: Path, me: int) -> None:
    """A store that shares objects 0 to 3, and has an object, a computation and an entry of its own."""
    for number in (0, 1, 2, 3, 100 + me):
        object_id = Store(root).publish("networks", {"params": np.full((30, 40), number, np.float32)}, {})
        token = root.parent / f"results-{me}" / f"{number}.json"
        write_token(token, "networks", object_id, {"number": number})
        recipe = Computation("make", {"number": str(number)}, None, "c0de", {})
        Store(root).record(recipe, {"token": token}, {"by": me})
    version = snapshot(Store(root), root.parent / f"results-{me}")
    append_log(Store(root), version.id, f"by {me}")
    tag(Store(root), f"version-{me}", version.id)


def start_push(root: Path, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hyperforget.cli.main", "store", "push", url, "--store", str(root)],
        env=os.environ | {"PYTHONPATH": str(Path(hyperforget.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_of_three_that_push_at_once_nothing_is_lost(tmp_path: Path, bucket: Bucket) -> None:
    roots = [tmp_path / f"store-{me}" for me in range(3)]
    for me, root in enumerate(roots):
        make_store(root, me)
    processes = [start_push(root, bucket.url) for root in roots]
    told = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], told
    assert dangling(bucket) == []
    pull(Store(tmp_path / "new"), bucket)
    assert verify(Store(tmp_path / "new"), 2) == []
    assert [tag.name for tag in list_tags(Store(tmp_path / "new"))] == [
        "version-0",
        "version-1",
        "version-2",
    ]
    assert {entry.message for entry in read_log(Store(tmp_path / "new"))} == {
        "by 0",
        "by 1",
        "by 2",
    }
    assert len(list((tmp_path / "new" / "objects").glob("*/*"))) == 4 + 3
    assert len(list(read_records(Store(tmp_path / "new")))) == 4 + 3


def test_of_two_that_give_one_name_at_once_one_is_refused(tmp_path: Path, bucket: Bucket) -> None:
    roots = [tmp_path / f"store-{me}" for me in range(2)]
    versions = []
    for me, root in enumerate(roots):
        make_store(root, me)
        versions.append(read_tag(Store(root), f"version-{me}").version_id)
        tag(Store(root), "best", versions[-1])
    processes = [start_push(root, bucket.url) for root in roots]
    told = [process.communicate(timeout=120)[1].splitlines()[-1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 2], told
    (loser,) = (me for me, process in enumerate(processes) if process.returncode == 2)
    assert told[loser].startswith(f"error: tag best is version {versions[loser][:12]} here, but ")
    assert dangling(bucket) == []
    pull(Store(tmp_path / "new"), bucket)
    assert read_tag(Store(tmp_path / "new"), "best").version_id == versions[1 - loser]
    assert verify(Store(tmp_path / "new"), 2) == []
