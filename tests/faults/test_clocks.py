"""A clock that goes backwards: nothing is taken for garbage, the log stays in order, and the next run is right."""

import os
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from hyperforget.store import tags, versions
from hyperforget.store.garbage import collect_garbage
from hyperforget.store.store import Store
from hyperforget.store.verification import verify
from hyperforget.store.versions import append_log, merge_log, read_log
from tests.faults.small_store import assert_whole, computation, recorded, work

YEAR = 365 * 24 * 3600.0


@pytest.fixture
def turned_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is a year behind what it was when files were written."""
    now = time.time

    class Behind(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Behind":
            return cls.fromtimestamp(now() - YEAR, tz)

    monkeypatch.setattr(time, "time", lambda: now() - YEAR)
    for module in (tags, versions):
        monkeypatch.setattr(module, "datetime", Behind)


@pytest.mark.usefixtures("turned_back")
@pytest.mark.parametrize("grace", [0, 3600.0])
def test_what_seems_to_come_from_the_future_is_no_garbage(tmp_path: Path, grace: float) -> None:
    version_id = work(tmp_path)
    store = Store(tmp_path / "store")
    before = recorded(store)
    tags.delete_tag(store, "paper-3")
    (tmp_path / "results" / "0.json").unlink()
    assert collect_garbage(store, (), 0, dry_run=False, grace_seconds=grace) == []
    assert verify(store, 2) == []
    assert store.look_up(computation(0)) is not None
    tags.tag(store, "paper-3", version_id)
    assert recorded(store) == before


def test_files_from_the_future_are_read_and_the_next_run_is_right(tmp_path: Path) -> None:
    version_id = work(tmp_path)
    before = recorded(Store(tmp_path / "store"))
    then = time.time() + YEAR
    for path in tmp_path.rglob("*"):
        os.utime(path, (then, then))
    assert assert_whole(tmp_path, before, version_id) == 0


def test_the_log_stays_in_the_order_of_its_numbers(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    version_id = work(tmp_path / "here")
    here, there = Store(tmp_path / "here" / "store"), Store(tmp_path / "there" / "store")
    request.getfixturevalue("turned_back")
    append_log(here, version_id, "later, by an earlier clock")
    log = read_log(here)
    assert [entry.number for entry in log] == [1, 2]
    assert datetime.fromisoformat(log[1].time) < datetime.now(UTC) - timedelta(days=300)
    assert log[1].time < log[0].time
    work(tmp_path / "there")
    for _ in range(2):  # doing so again changes nothing
        merge_log(there, read_log(here))
        merge_log(here, read_log(there))
    for store in (here, there):
        entries = read_log(store)
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        assert len({entry.id for entry in entries}) == len(entries)
        assert verify(store, 2) == []
    assert {entry.id for entry in read_log(here)} == {entry.id for entry in read_log(there)}
