"""The manifest's bytes: nothing in them can change unseen."""

import json

import numpy as np
import pytest

from hyperforget.store.canonical import digest
from hyperforget.store.manifest import FileEntry, Manifest, content_id, decode, describe, encode

ARRAYS: dict[str, np.ndarray] = {"theta": np.zeros((2, 3), np.float32), "step": np.arange(2)}
ATTRIBUTES = {"task": "digits-4", "rate": 0.1, "text": "ä\u001f\n", "large": 1e20, "none": None}
CONTENT = describe("segment", ARRAYS, ATTRIBUTES, {"theta": ("run", "parameter")})
MANIFEST = Manifest(CONTENT, {"data.zarr/zarr.json": FileEntry(80, "0" * 64)})


def test_a_manifest_survives_its_encoding() -> None:
    assert decode(encode(MANIFEST), content_id(CONTENT)) == MANIFEST
    assert MANIFEST.content.attributes == ATTRIBUTES
    assert MANIFEST.content.arrays["theta"].dimensions == ("run", "parameter")


def test_no_bit_can_flip_and_no_byte_be_lost_unseen() -> None:
    data = encode(MANIFEST)
    object_id = content_id(CONTENT)
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            with pytest.raises(ValueError, match="not what was written"):
                decode(bytes(flipped), object_id)
        with pytest.raises(ValueError, match="not what was written"):
            decode(data[:position], object_id)


def test_a_content_that_gives_another_id_is_refused() -> None:
    with pytest.raises(ValueError, match=f"belongs to object {content_id(CONTENT)}"):
        decode(encode(MANIFEST), "0" * 64)


def test_a_newer_schema_is_refused() -> None:
    body = json.loads(encode(MANIFEST))
    del body["checksum"]
    body["content"]["schema"] = 2
    text = json.dumps({**body, "checksum": digest(body)}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    with pytest.raises(ValueError, match="schema is 2, but this code reads schema 1"):
        decode(text.encode(), digest(body["content"]))
