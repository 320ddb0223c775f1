"""Work that puts a bit of everything into a store, and what must be true of the store whatever happened."""

import shutil
from pathlib import Path

import numpy as np

from hyperforget.store.canonical import canonical_json
from hyperforget.store.computations import Computation, read_records
from hyperforget.store.garbage import collect_garbage
from hyperforget.store.store import Store
from hyperforget.store.tags import checkout, list_tags, tag
from hyperforget.store.tokens import write_token
from hyperforget.store.verification import verify
from hyperforget.store.versions import append_log, read_log, snapshot


def computation(number: int) -> Computation:
    return Computation("write", {"number": str(number)}, None, "c0de", {})


def work(folder: Path, last: int = 3) -> str:
    """Objects, tokens, records, a version, its tag and an entry of the log; the id of the version."""
    store, results = Store(folder / "store"), folder / "results"
    store.expect_writable()
    for number in range(last):
        params = np.random.default_rng(number).normal(size=(20, 30)).astype(np.float32)
        object_id = store.publish("networks", {"params": params}, {"number": number})
        token = results / f"{number}.json"
        write_token(token, "networks", object_id, {"number": number})
        store.record(computation(number), {"token": token}, {"seconds": 1.0})
    version = snapshot(store, results)
    tag(store, f"paper-{last}", version.id)
    append_log(store, version.id, f"run of {last}")
    return version.id


def recorded(store: Store) -> dict[str, bytes]:
    """All that a store was told to keep, by name."""
    found: dict[str, bytes] = {}
    for record in read_records(store):
        found[f"record {record.computation.id}"] = canonical_json(list(record.objects))
        for name, file in record.outputs.items():
            found[f"output {name} of {record.computation.id}"] = store.get_blob(file.sha256)
        for object_id in record.objects:
            arrays = store.read(object_id).arrays
            found |= {f"{name} of {object_id}": array.tobytes() for name, array in arrays.items()}
    found |= {f"tag {each.name}": each.version_id.encode() for each in list_tags(store)}
    found |= {f"entry {each.number}": (each.version_id + each.message).encode() for each in read_log(store)}
    return found


def bytes_lost(before: dict[str, bytes], store: Store) -> int:
    """How many bytes of what was recorded before are no longer there, or are others."""
    now = recorded(store)
    return sum(len(data) for name, data in before.items() if now.get(name) != data)


def assert_whole(folder: Path, before: dict[str, bytes], version_id: str, last: int = 3) -> int:
    """The store verifies, has what it had, and the next run ends as if nothing had happened; returns the bytes lost.

    Leftovers of writers are garbage, and nothing else is.
    """
    store = Store(folder / "store")
    assert verify(store, 2) == []
    lost = bytes_lost(before, store)
    assert work(folder, last) == version_id
    everything = recorded(store)
    collect_garbage(store, [folder / "results"], 10**6, dry_run=False, grace_seconds=0)
    assert list((store.root / "tmp").iterdir()) == []
    assert [path for path in folder.rglob("*.partial") if path.is_relative_to(store.root)] == []
    assert verify(store, 2) == []
    lost += bytes_lost(before | everything, store)
    restored = folder / "restored"
    checkout(store, version_id, restored)
    for path in restored.iterdir():
        assert path.read_bytes() == (folder / "results" / path.name).read_bytes()
    shutil.rmtree(restored)
    return lost
