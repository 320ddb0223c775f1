"""Several machines that share one bucket, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hyperforget
from hyperforget import store
from hyperforget.store.remote import Bucket, pull
from tests.store.remote.raw_bucket import dangling

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


def make_store(root: Path, me: int) -> None:
    """A store that shares objects 0 to 3, and has an object, a computation and an entry of its own."""
    for number in (0, 1, 2, 3, 100 + me):
        object_id = store.Store(root).publish("networks", {"params": np.full((30, 40), number, np.float32)}, {})
        token = root.parent / f"results-{me}" / f"{number}.json"
        store.write_token(token, "networks", object_id, {"number": number})
        recipe = store.Computation("make", {"number": str(number)}, None, "c0de", {})
        store.Store(root).record(recipe, {"token": token}, {"by": me})
    version = store.snapshot(store.Store(root), root.parent / f"results-{me}")
    store.append_log(store.Store(root), version.id, f"by {me}")
    store.tag(store.Store(root), f"version-{me}", version.id)


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
    pull(store.Store(tmp_path / "new"), bucket)
    assert store.verify(store.Store(tmp_path / "new"), 2) == []
    assert [tag.name for tag in store.list_tags(store.Store(tmp_path / "new"))] == [
        "version-0",
        "version-1",
        "version-2",
    ]
    assert {entry.message for entry in store.read_log(store.Store(tmp_path / "new"))} == {
        "by 0",
        "by 1",
        "by 2",
    }
    assert len(list((tmp_path / "new" / "objects").glob("*/*"))) == 4 + 3
    assert len(list(store.read_records(store.Store(tmp_path / "new")))) == 4 + 3


def test_of_two_that_give_one_name_at_once_one_is_refused(tmp_path: Path, bucket: Bucket) -> None:
    roots = [tmp_path / f"store-{me}" for me in range(2)]
    versions = []
    for me, root in enumerate(roots):
        make_store(root, me)
        versions.append(store.read_tag(store.Store(root), f"version-{me}").version_id)
        store.tag(store.Store(root), "best", versions[-1])
    processes = [start_push(root, bucket.url) for root in roots]
    told = [process.communicate(timeout=120)[1].splitlines()[-1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 2], told
    (loser,) = (me for me, process in enumerate(processes) if process.returncode == 2)
    assert told[loser].startswith(f"error: tag best is version {versions[loser][:12]} here, but ")
    assert dangling(bucket) == []
    pull(store.Store(tmp_path / "new"), bucket)
    assert store.read_tag(store.Store(tmp_path / "new"), "best").version_id == versions[1 - loser]
    assert store.verify(store.Store(tmp_path / "new"), 2) == []
