"""Whatever is in a document of a store, with a right checksum or without: it is read, or refused in one sentence."""

import copy
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.store.canonical import digest
from hyperforget.store.computations import body_of, computation_place, read_record, read_records
from hyperforget.store.documents import COPIES, decode_at, decode_document, encode_at, encode_document
from hyperforget.store.places import is_object_id
from hyperforget.store.store import Store
from hyperforget.store.tags import list_tags, read_tag
from hyperforget.store.tokens import read_token, write_token
from hyperforget.store.verification import verify
from hyperforget.store.versions import first_kept, read_log, read_version
from tests.faults.hostile import ID, as_json, changed, garbled, nested, refusal
from tests.store.conftest import Run, make_run
from tests.torture import counted, examples, row

LOG, TAG, FIRST = "log/00000001.json", "tags/paper.json", "log/first-kept.json"


@dataclass(frozen=True)
class Reader:
    """A JSON value as it lies in a store, its bytes, and what puts bytes where they belong and reads them."""

    good: Any
    encode: Callable[[Any], bytes]
    read: Callable[[bytes], object]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("hostile"))


def fresh(run: Run, name: str) -> Store:
    """A store of its own for a reader."""
    store = Store(run.root.parent / name)
    shutil.rmtree(store.root, ignore_errors=True)
    store.create()
    return store


def document(run: Run, place: str, body: Mapping[str, Any], read: Callable[[Store], object]) -> Reader:
    """A document in a store of its own, and its copy."""
    store = fresh(run, place.replace("/", "-"))
    paths = [store.root / place, store.root / COPIES / place]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)

    def read_bytes(data: bytes) -> object:
        for path in paths:
            path.write_bytes(data)
        return read(store), verify(store, 0)

    return Reader(body, lambda changed: encode_at(place, changed), read_bytes)


def record(run: Run) -> Reader:
    """A record, at the place that its contents give where they give one."""
    good = json.loads(json.dumps(body_of(next(each for each in read_records(run.store) if each.objects))))
    store = fresh(run, "records")

    def place_of(body: Any) -> str:
        try:
            told = body["recipe"]
            inputs = {name: file["sha256"] for name, file in told["inputs"].items()}
            return computation_place(digest({**told, "inputs": inputs}))
        except Exception:  # then it has no place of its own
            return computation_place(ID)

    def read(data: bytes) -> object:
        shutil.rmtree(store.root / "recipes", ignore_errors=True)
        try:
            computation_id = Path(json.loads(data)["place"]).stem
        except (ValueError, KeyError, TypeError, RecursionError):
            computation_id = ID
        path = store.root / computation_place(computation_id if is_object_id(computation_id) else ID)
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        return verify(store, 0), read_record(store, path.stem), list(read_records(store))

    return Reader(good, lambda body: encode_at(place_of(body), body), read)


def manifest(run: Run, name: str) -> Reader:
    """A manifest in the folder that its content gives, beside the files of the object."""
    folder = run.store.object_folder(run.objects[name])
    good = decode_document((folder / "object.json").read_bytes())
    store = fresh(run, f"objects-{name}")

    def read(data: bytes) -> object:
        try:
            object_id = digest(json.loads(data)["content"])
        except (ValueError, KeyError, TypeError, RecursionError):
            object_id = ID
        place = store.object_folder(object_id)
        shutil.copytree(folder, place, copy_function=lambda source, target: Path(target).hardlink_to(source))
        (place / "object.json").unlink()
        (place / "object.json").write_bytes(data)
        try:
            return verify(store, 2), store.read(object_id)
        finally:
            shutil.rmtree(place)

    return Reader(good, encode_document, read)


def token(run: Run) -> Reader:
    path = run.root.parent / "token.json"
    write_token(path, "corpus", ID, {"runs": 6})

    def read(data: bytes) -> object:
        path.write_bytes(data)
        return read_token(path)

    return Reader(json.loads(path.read_bytes()), as_json, read)


def version(run: Run) -> Reader:
    good = json.loads(run.store.get_blob(run.version_id))

    def read(data: bytes) -> object:
        sha256 = hashlib.sha256(data).hexdigest()
        path = run.store.blob_path(sha256)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        try:
            return read_version(run.store, sha256)
        finally:
            path.unlink()

    return Reader(good, as_json, read)


def store_json(run: Run) -> Reader:
    store = fresh(run, "described")

    def read(data: bytes) -> object:
        (store.root / "store.json").write_bytes(data)
        store.check()
        return verify(store, 0)

    return Reader({"format": 1, "hash": "sha256"}, as_json, read)


def tagged(run: Run) -> Reader:
    body = decode_at(TAG, (run.root / TAG).read_bytes())
    return document(run, TAG, body, lambda store: (read_tag(store, "paper"), list_tags(store)))


def logged(run: Run) -> Reader:
    return document(run, LOG, decode_at(LOG, (run.root / LOG).read_bytes()), read_log)


READERS: dict[str, Callable[[Run], Reader]] = {
    "record of a computation": record,
    "tag": tagged,
    "log entry": logged,
    "first kept entry": lambda run: document(run, FIRST, {"number": 1}, first_kept),
    "manifest of a corpus": lambda run: manifest(run, "corpus"),
    "manifest of networks": lambda run: manifest(run, "networks"),
    "token": token,
    "version": version,
    "store.json": store_json,
}


@pytest.mark.parametrize("name", READERS)
def test_hostile_fields_never_end_in_another_error(small: Run, name: str) -> None:
    reader = READERS[name](small)
    reader.read(reader.encode(reader.good))
    verdicts: list[str] = []

    @given(changed(reader.good), st.data())
    @examples(40)
    def check(body: Any, data: st.DataObject) -> None:
        try:
            whole = reader.encode(body)
        except (ValueError, TypeError, AttributeError):  # what has no checksum, or is no object
            whole = as_json(body)
        if data.draw(st.integers(0, 4)) == 0:
            whole = data.draw(garbled(whole))
        verdicts.append(refusal(lambda: reader.read(whole)))

    with row(f"hostile input: {name}") as told:
        check()
        told.tried = len(verdicts)
    assert any(verdicts), "nothing was hostile"


@pytest.mark.parametrize("name", ["record of a computation", "manifest of a corpus", "token"])
def test_what_is_nested_deeper_than_python_can_follow_is_refused(small: Run, name: str) -> None:
    """Every depth: between what one function can follow and what the next one can, there are few."""
    reader = READERS[name](small)
    place = {"record of a computation": ("recipe", "spec"), "token": ("summary",)}.get(name, ("content", "attributes"))
    for depth in range(400, 500, counted(20, 1)):
        body = copy.deepcopy(reader.good)
        around = body
        for key in place:
            around = around[key]
        around["deep"] = nested(depth)
        try:
            whole = reader.encode(body)
        except RecursionError:
            break
        refusal(partial(reader.read, whole))


@pytest.mark.parametrize("name", READERS)
def test_what_is_read_without_a_change_is_what_was_there(small: Run, name: str) -> None:
    reader = READERS[name](small)
    assert refusal(lambda: reader.read(reader.encode(reader.good))) == ""
