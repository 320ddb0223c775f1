"""Looking into a bucket without the code under test."""

import json
from collections.abc import Iterator
from typing import Any

from hyperforget.store.remote import Bucket


def keys(bucket: Bucket) -> dict[str, int]:
    """Key and size of all that lies in a bucket."""
    import obstore

    return {meta["path"]: meta["size"] for chunk in obstore.list(bucket.handle) for meta in chunk}


def content(bucket: Bucket, key: str) -> bytes:
    """The bytes at a key."""
    import obstore

    return bytes(obstore.get(bucket.handle, key).bytes())


def put(bucket: Bucket, key: str, data: bytes) -> None:
    """Write bytes at a key, whatever is there."""
    import obstore

    obstore.put(bucket.handle, key, data)


def delete(bucket: Bucket, key: str) -> None:
    """Remove a key."""
    import obstore

    obstore.delete(bucket.handle, key)


def dangling(bucket: Bucket) -> list[str]:
    """All keys that something in the bucket names and that are not there, by its described layout."""
    present = keys(bucket)
    documents = {
        key: json.loads(content(bucket, key))
        for key in present
        if key.split("/")[0] in ("objects", "recipes", "tags", "log")
    }
    named = [key for place, body in documents.items() for key in _named(bucket, place, body)]
    return sorted(set(named) - present.keys())


def _named(bucket: Bucket, place: str, body: dict[str, Any]) -> Iterator[str]:
    kind = place.split("/")[0]
    if kind == "objects":
        yield from (f"data/{file['sha256'][:2]}/{file['sha256']}" for file in body["files"].values())
        segments = body["content"]["attributes"].get("segments", [])
        yield from (f"objects/{each[:2]}/{each}.json" for each in segments)
    elif kind == "recipes":
        yield from (f"blobs/{file['sha256'][:2]}/{file['sha256']}" for file in body["outputs"].values())
        yield from (f"objects/{each[:2]}/{each}.json" for each in body["objects"])
    else:
        version = f"blobs/{body['version_id'][:2]}/{body['version_id']}"
        yield version
        yield from (f"blobs/{sha256[:2]}/{sha256}" for _, sha256 in json.loads(content(bucket, version)))
