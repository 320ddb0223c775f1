"""Whatever lies where arrays do, with digests that agree with it: it is read, or refused in one sentence."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import pytest
import torch
import zarr
from hypothesis import given
from hypothesis import strategies as st
from zarr.codecs import BloscCodec, Crc32cCodec

from hyperforget.runtime.saved_state import State, Unfinished
from hyperforget.store.canonical import digest
from hyperforget.store.documents import decode_document, encode_document
from hyperforget.store.packs import build_pack, load_pack
from hyperforget.store.store import Store
from hyperforget.store.verification import verify
from tests.faults.hostile import as_json, changed, garbled, refusal
from tests.store.conftest import Run, make_run
from tests.torture import examples, row

ARRAY = np.arange(24, dtype=np.float32).reshape(4, 6)
METADATA = "data.zarr/params/zarr.json"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("hostile"))


class Crafted:
    """An object whose files may be anything, with a manifest that agrees with them."""

    def __init__(self, store: Store, kind: str) -> None:
        self.store, self.reads = store, 0
        object_id = store.publish(kind, {"params": ARRAY}, {})
        folder = store.object_folder(object_id)
        self.body = decode_document((folder / "object.json").read_bytes())
        self.files = {name: (folder / name).read_bytes() for name in self.body["files"]}
        shutil.rmtree(folder)

    def shard(self, shards: tuple[int, int] | None, **options: Any) -> None:
        """The same values in other chunks, as zarr writes them."""
        path = self.store.root / "zarr"
        compressors = [BloscCodec(cname="lz4"), Crc32cCodec()]
        array = zarr.create_array(
            path, shape=(4, 6), chunks=(2, 3), shards=shards, dtype="f4", **{"compressors": compressors, **options}
        )
        array[...] = ARRAY
        self.files = {name: data for name, data in self.files.items() if "params" not in name}
        self.files |= {
            f"data.zarr/params/{file.relative_to(path).as_posix()}": file.read_bytes()
            for file in path.rglob("*")
            if file.is_file()
        }
        shutil.rmtree(path)

    def read(self, files: Mapping[str, bytes], entry: Mapping[str, Any]) -> object:
        """Reads the object with some files replaced, and with what its content says of the array."""
        every = {**self.files, **files}
        sizes = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in every.items()}
        params = {**self.body["content"]["arrays"]["params"], **entry}
        content = {**self.body["content"], "arrays": {"params": params}}
        folder = self.store.object_folder(digest(content))
        try:
            for name, data in every.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(data)
            (folder / "object.json").write_bytes(encode_document({"content": content, "files": sizes}))
            self.reads += 1
            return self.reads % 10 or verify(self.store, 2), self.store.read(folder.name)
        finally:
            shutil.rmtree(folder)


def entry_of(metadata: Any) -> dict[str, Any]:
    """Shape and dtype as the content of an object says them, where the metadata has such."""
    shape = metadata.get("shape") if isinstance(metadata, dict) else None
    right = isinstance(shape, list) and all(type(side) is int and 0 <= side < 2**53 for side in shape)
    return {"shape": shape, "dimensions": None} if right else {}


def tried(what: str, check: Callable[[list[str]], None]) -> None:
    verdicts: list[str] = []
    with row(f"hostile input: {what}") as told:
        check(verdicts)
        told.tried = len(verdicts)
    assert any(verdicts), "nothing was hostile"


LAYOUTS: dict[str, Callable[[Crafted], None]] = {
    "chunks": lambda crafted: crafted.shard(None),
    "shards": lambda crafted: crafted.shard((4, 6)),
    "other codecs": lambda crafted: crafted.shard((4, 6), compressors=None),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hostile_metadata_of_zarr(tmp_path: Path, layout: str) -> None:
    crafted = Crafted(Store(tmp_path), "networks")
    LAYOUTS[layout](crafted)
    assert refusal(lambda: crafted.read({}, {})) == ""

    def check(verdicts: list[str]) -> None:
        @given(changed(json.loads(crafted.files[METADATA])), st.data())
        @examples(30, 3_400)
        def each(metadata: Any, data: st.DataObject) -> None:
            whole = as_json(metadata)
            if data.draw(st.integers(0, 9)) == 0:
                whole = data.draw(garbled(whole))
            verdicts.append(refusal(lambda: crafted.read({METADATA: whole}, entry_of(metadata))))

        each()

    tried("metadata of zarr", check)


def with_checksum(data: bytes) -> bytes:
    checksum: int = google_crc32c.value(data)
    return data + checksum.to_bytes(4, "little")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hostile_chunks_of_zarr(tmp_path: Path, layout: str) -> None:
    crafted = Crafted(Store(tmp_path), "networks")
    LAYOUTS[layout](crafted)
    chunk = min(name for name in crafted.files if "/c/" in name)

    def check(verdicts: list[str]) -> None:
        @given(garbled(crafted.files[chunk][:-4]), st.booleans())
        @examples(30, 3_400)
        def each(data: bytes, right: bool) -> None:
            whole = with_checksum(data) if right else data
            verdicts.append(refusal(lambda: crafted.read({chunk: whole}, {})))

        each()

    tried("chunks of zarr", check)


def header_of(data: bytes) -> Any:
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])


def with_header(header: bytes, data: bytes) -> bytes:
    """A safetensors file with another header."""
    return len(header).to_bytes(8, "little") + header + data[8 + int.from_bytes(data[:8], "little") :]


def hostile_safetensors(good: bytes) -> st.SearchStrategy[bytes]:
    headers = changed(header_of(good)).map(lambda header: with_header(as_json(header), good))
    hostile: st.SearchStrategy[bytes] = headers | garbled(good) | headers.flatmap(garbled)
    return hostile


def test_hostile_safetensors(tmp_path: Path) -> None:
    crafted = Crafted(Store(tmp_path), "hypernet")
    assert refusal(lambda: crafted.read({}, {})) == ""

    def check(verdicts: list[str]) -> None:
        @given(hostile_safetensors(crafted.files["data.safetensors"]))
        @examples(60)
        def each(data: bytes) -> None:
            verdicts.append(refusal(lambda: crafted.read({"data.safetensors": data}, {})))

        each()

    tried("safetensors of a hypernetwork", check)


def test_hostile_saved_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "state.safetensors"
    Unfinished(path, 1).save(State({"a": torch.arange(6.0)}, {"step": 3}))
    good = path.read_bytes()

    def check(verdicts: list[str]) -> None:
        @given(hostile_safetensors(good))
        @examples(60)
        def each(data: bytes) -> None:
            path.write_bytes(data)
            assert refusal(lambda: Unfinished(path, 1).load()) == ""
            told = capsys.readouterr().err.rstrip("\n")
            assert told.isprintable()
            assert len(told) < 700
            verdicts.append(told)

        each()

    tried("saved state", check)


def pack_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    return ((path.name, path.read_bytes()) for path in sorted(folder.iterdir()))


def test_hostile_packs(small: Run) -> None:
    corpus = small.objects["corpus"]
    folder = build_pack(small.store, corpus)
    whole, good = dict(pack_files(folder)), load_pack(small.store, corpus)
    body = decode_document(whole["pack.json"])

    def check(verdicts: list[str]) -> None:
        @given(changed(body), st.booleans())
        @examples(15)
        def each(description: Any, mapped: bool) -> None:
            for name, data in whole.items():
                (folder / name).write_bytes(data)
            try:
                (folder / "pack.json").write_bytes(encode_document(description))
            except (ValueError, TypeError):
                (folder / "pack.json").write_bytes(as_json(description))
            assert refusal(lambda: load_pack(small.store, corpus, mapped=mapped)) == ""
            found = load_pack(small.store, corpus, mapped=mapped)
            assert found.keys() <= good.keys()
            verdicts.append("made anew" if dict(pack_files(folder)) == whole else "")

        each()

    tried("pack", check)
