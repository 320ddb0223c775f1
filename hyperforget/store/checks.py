"""Whether an object in a store is what was published: three levels, each including those before it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hyperforget.errors import excerpt
from hyperforget.store.canonical import array_digest
from hyperforget.store.files import file_digest, size_of
from hyperforget.store.formats import FORMATS
from hyperforget.store.manifest import Content, Manifest, read_manifest
from hyperforget.store.paths import place_in

if TYPE_CHECKING:
    import numpy as np

_LONGEST_REASON = 200

EXISTENCE, DIGESTS, VALUES = range(3)


def check_object(folder: Path, object_id: str, level: int) -> Manifest:
    """The manifest of an object, after a look at its files; ValueError with the reason if something is wrong.

    Level 0: every file is present and of the right size, and those that describe others say what was written. Level 1:
    the digest of every file. Level 2: every array, decoded, has its digest; one at a time.
    """
    manifest = read_manifest(folder, object_id)
    for name, entry in manifest.files.items():
        size = size_of(place_in(folder, name))
        if size is None:
            raise ValueError(f"{name} is missing")
        if size != entry.size:
            raise ValueError(f"{name} has {size} bytes instead of {entry.size}")
    for name, entry in manifest.files.items():
        read = level >= DIGESTS or Path(name).name == "zarr.json"
        if read and file_digest(folder / name) != entry.sha256:
            raise ValueError(f"{name} is not what was written")
    if level >= VALUES:
        for _ in decode_arrays(folder, manifest.content, manifest.content.arrays):
            pass
    return manifest


def decode_arrays(folder: Path, content: Content, names: Collection[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield arrays by name, each compared with its digest; ValueError with the reason if one is damaged."""
    form = FORMATS.get(content.kind)
    if form is None or not names:
        return
    try:
        for name, array in form.read(folder / form.name, names):
            if array_digest(array) != content.arrays[name].sha256:
                raise ValueError(f"array {name} has other values than were published")
            yield name, array
    except FileNotFoundError as error:
        # A manifest may list other files than its arrays need.
        raise ValueError(f"{form.name} lacks {Path(error.filename or '').name}, which its arrays need") from error
    except (MemoryError, OSError):
        raise  # says nothing about the object
    except Exception as error:  # codecs and parsers raise all sorts of errors for altered bytes
        reason = excerpt(str(error), _LONGEST_REASON)
        raise ValueError(f"{form.name} is not what was written ({type(error).__name__}: {reason})") from error
