"""Whatever lies in a bucket: a pull brings what can be verified or is refused, and writes nowhere else."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.store.documents import decode_document, encode_at, encode_document
from hyperforget.store.remote import Bucket, open_bucket, pull, push
from hyperforget.store.store import Store
from hyperforget.store.verification import verify
from tests.faults.hostile import ID, as_json, changed, garbled, refusal
from tests.faults.small_store import recorded, work
from tests.torture import hostile

pytest.importorskip("obstore", reason="no obstore: pip install 'hyperforget[remote]'")

KEYS = [
    "tags/x", "tags/a b.json", "tags/\x1b.json", "tags/sub/x.json", "objects/x.json", f"objects/zz/{ID}.json",
    f"blobs/ab/{ID}", f"data/ab/{ID}", "recipes/x", "log/1.json", f"log/{ID}.json", "other", "-rf",
]  # fmt: skip


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bucket]:
    """The folder of a bucket with a bit of everything, and the bucket."""
    folder = tmp_path_factory.mktemp("bucket")
    work(folder, 1)
    (folder / "remote").mkdir()
    bucket = open_bucket((folder / "remote").as_uri())
    push(Store(folder / "store"), bucket)
    return folder / "remote", bucket


@pytest.fixture(autouse=True)
def without_syncing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@st.composite
def damages(draw: st.DrawFn, files: dict[str, bytes]) -> dict[str, bytes | None]:
    """What some keys are to hold instead, nothing where they are to go."""
    wanted: dict[str, bytes | None] = {}
    for _ in range(draw(st.integers(1, 2))):
        key = draw(st.sampled_from(sorted(files)))
        kind = draw(st.sampled_from(["document", "document", "document", "bytes", "gone", "swapped", "other key"]))
        if kind == "document" and key.endswith(".json"):
            wanted[key] = draw(documents(key, files[key]))
        elif kind in ("document", "bytes"):
            wanted[key] = draw(garbled(files[key]))
        elif kind == "gone":
            wanted[key] = None
        else:
            other = draw(st.sampled_from(KEYS if kind == "other key" else sorted(files)))
            wanted[other] = files[key]
    return wanted


@st.composite
def documents(draw: st.DrawFn, key: str, data: bytes) -> bytes:
    """A document with other fields and the checksum that belongs to them, as whoever may write to the bucket can."""
    body: Any = draw(changed(decode_document(data) if key != "remote.json" else {"format": 1, "hash": "sha256"}))
    try:
        return encode_document(body) if draw(st.booleans()) else encode_at(key, body)
    except (ValueError, TypeError, AttributeError):
        return as_json(body)


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def put(folder: Path, files: dict[str, bytes | None]) -> None:
    for key, data in files.items():
        path = folder / key
        if data is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


@hostile("contents of buckets", 60)
@given(st.data())
def test_any_bucket_is_pulled_or_refused(
    pushed: tuple[Path, Bucket], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    remote, bucket = pushed
    whole = everything(remote)
    damage = data.draw(damages(whole))
    folder = tmp_path_factory.getbasetemp() / "pulled"
    store = Store(folder / "inner" / "store")
    try:
        put(remote, damage)
        tag = data.draw(st.sampled_from([None, "paper-1"]))
        told = refusal(lambda: pull(store, bucket, tag))
        if store.root.exists():
            assert verify(store, 2) == []
            recorded(store)
        assert told or store.root.exists()
        assert [path.name for path in folder.glob("*")] in ([], ["inner"])
        assert [path.name for path in folder.glob("inner/*")] in ([], ["store"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(remote)
        put(remote, dict(whole))
