"""Versioned artifact store: immutable, content-addressed objects, and the small tokens that name them.

What a run makes in bulk (datasets, checkpoints, networks, hypernetworks) is an *object*. Its id is a digest
of what it says: the decoded arrays and the attributes, never time, host, path or compression. ::

    <store>/store.json                      version of the layout, written once
    <store>/objects/ab/<id>/object.json     manifest: what the id digests, and all files with checksums
    <store>/objects/ab/<id>/data.zarr       arrays of dataset, segment and networks objects: a zarr v3 group
    <store>/objects/ab/<id>/data.safetensors    arrays of hypernet objects
    <store>/tmp/<uuid>/                     objects being written; to be deleted freely while nothing runs

Guarantees:

- An object appears complete or not at all, also when its writer is killed: it is staged, synced, read back
  and then renamed.
- The same content is stored once, whoever publishes it and however many do so at the same time.
- Reading gives the published values, or raises `MissingObjectError` or `CorruptObjectError`. Publishing the
  same content again replaces a damaged copy, so rerunning the stage that made an object repairs it.
- No code of this package is needed to open an object: ``zarr.open_group(path / "data.zarr")`` is enough.

A *token* is a small JSON file that stands for an object in a workflow: its kind, its id and a summary for the
eye. Equal content gives equal bytes, so whoever compares tokens sees a change exactly when there is one.
"""

from hyperforget.store.canonical import array_digest, canonical_json, digest
from hyperforget.store.objects import (
    CorruptObjectError,
    MissingObjectError,
    StoredObject,
    publish,
    read,
    read_attributes,
)
from hyperforget.store.tokens import Token, read_token, write_token

__all__ = [
    "CorruptObjectError",
    "MissingObjectError",
    "StoredObject",
    "Token",
    "array_digest",
    "canonical_json",
    "digest",
    "publish",
    "read",
    "read_attributes",
    "read_token",
    "write_token",
]
