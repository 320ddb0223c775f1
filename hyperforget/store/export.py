"""Parameters handed out as one file, to be loaded with no code of this package."""

import itertools
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hyperforget.errors import UserError
from hyperforget.store.archives import add_file, replacing, suffix_of, whole, write_npz
from hyperforget.store.canonical import canonical_json
from hyperforget.store.manifest import read_manifest
from hyperforget.store.objects import StoredObject
from hyperforget.store.paths import place_in
from hyperforget.store.store import Store

KINDS = ("networks", "segment")


def export_networks(store: Store, object_id: str, target: Path) -> None:
    """Write all arrays of a networks or segment object to ``target``, replacing what is there in one step.

    The suffix names the format: ``.safetensors`` and ``.npz`` hold the arrays by name and a text ``metadata``;
    ``.zarr.zip`` is a zarr v3 group with all that as its attributes. The metadata are JSON: ``object_id``, ``kind``,
    the object's attributes, and ``layout``, which says for every weight and bias its state-dict name, its shape and
    where it starts along the last axis of ``params`` or ``theta``.

    Raises `UserError` for another suffix or kind of object, and as `read` does.
    """
    suffix = suffix_of(target, _WRITERS)
    stored = store.read(object_id)
    if stored.kind not in KINDS:
        raise UserError(
            f"{stored.kind} {object_id} cannot be exported; only {' and '.join(KINDS)} objects can, and a corpus by "
            "its token, such as results/digits/corpus.json"
        )
    metadata = {
        **stored.attributes,
        "object_id": object_id,
        "kind": stored.kind,
        "layout": layout_of(stored),
    }
    with replacing(target) as partial:
        _WRITERS[suffix](partial, stored, metadata, store.object_folder(object_id))


def layout_of(stored: StoredObject) -> list[dict[str, Any]]:
    """Name, shape and offset of each parameter of the networks in an object, in the order of the state dict of a
    ``torch.nn.Sequential``.

    Raises `UserError` for an object that tells neither the sizes of perceptrons nor the parameters themselves.
    """
    sizes, parameters = (stored.attributes.get(key) for key in ("sizes", "parameters"))
    if isinstance(parameters, list):
        return parameters
    if not (isinstance(sizes, list) and all(type(size) is int and size > 0 for size in sizes)):
        raise UserError(f"{stored.kind} {stored.id} does not name the sizes of its layers, so has no layout")
    found: list[dict[str, Any]] = []
    offset = 0
    for index, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        for name, shape in (("weight", [outputs, inputs]), ("bias", [outputs])):
            found.append({"name": f"{2 * index}.{name}", "shape": shape, "offset": offset})
            offset += int(np.prod(shape))
    return found


def _write_safetensors(path: Path, stored: StoredObject, metadata: Mapping[str, Any], folder: Path) -> None:
    from safetensors.numpy import save_file

    # One entry only: the library writes several in no fixed order.
    save_file(stored.arrays, path, metadata={"metadata": canonical_json(metadata).decode()})


def _write_npz(path: Path, stored: StoredObject, metadata: Mapping[str, Any], folder: Path) -> None:
    write_npz(path, {name: whole(array) for name, array in stored.arrays.items()}, metadata)


def _write_zarr_zip(path: Path, stored: StoredObject, metadata: Mapping[str, Any], folder: Path) -> None:
    group = folder / "data.zarr"
    with zipfile.ZipFile(path, "w") as archive:
        # What else lies there, or is linked to, is not the object's.
        for source in sorted(place_in(folder, name) for name in read_manifest(folder, stored.id).files):
            name = source.relative_to(group).as_posix()
            with add_file(archive, name) as stream:
                if name == "zarr.json":
                    description = json.loads(source.read_bytes())
                    stream.write(json.dumps({**description, "attributes": metadata}).encode())
                else:
                    with source.open("rb") as original:
                        shutil.copyfileobj(original, stream)


_WRITERS: dict[str, Callable[[Path, StoredObject, Mapping[str, Any], Path], None]] = {
    ".safetensors": _write_safetensors,
    ".npz": _write_npz,
    ".zarr.zip": _write_zarr_zip,
}
