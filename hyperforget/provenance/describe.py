"""What something in a store is: a token, object, computation, tag, version, or any other result file."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hyperforget.errors import UserError
from hyperforget.flat_keys import flat_keys
from hyperforget.provenance.lineage import Producers
from hyperforget.provenance.versions import configuration, kept_results, version_id
from hyperforget.store.checks import EXISTENCE, check_object
from hyperforget.store.computations import Record, body_of, read_record
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.files import file_digest
from hyperforget.store.references import token_in
from hyperforget.store.store import Store
from hyperforget.store.tags import list_tags

SHORTEST_PREFIX = 6  # hexadecimal digits


def describe(store: Store, name: str) -> dict[str, Any]:
    """What ``name`` is, in JSON types: the path of a file, a tag, the number of an entry of the log, or the id of an
    object or a computation, of which the first six digits or more are enough.

    Raises `UserError` if it is none of these or more than one id begins so, and `MissingObjectError` or
    `CorruptObjectError` for what is not there intact.
    """
    if Path(name).is_file():
        return describe_file(store, Path(name))
    store.check()
    if name in {tag.name for tag in list_tags(store)}:
        return describe_version(store, name)
    ids = dict(find_ids(store, name))
    if len(ids) > 1:
        raise UserError(f"{len(ids)} ids begin with {name}: {', '.join(sorted(ids))}; write more digits")
    for found, kind in ids.items():
        return describe_object(store, found) if kind == "object" else describe_computation(store, found)
    try:
        return describe_version(store, name)
    except (MissingObjectError, CorruptObjectError):
        raise
    except UserError as error:
        raise UserError(f"{name!r} is no file, no id of an object or a computation, and no tag: {error}") from None


def find_ids(store: Store, prefix: str) -> Iterator[tuple[str, str]]:
    """Ids that begin with at least six digits, each with what it is of, ``object`` or ``computation``."""
    if len(prefix) < SHORTEST_PREFIX or not set(prefix) <= set("0123456789abcdef"):
        return
    for path in (store.root / "objects" / prefix[:2]).glob(f"{prefix}*"):
        yield path.name, "object"
    for path in (store.root / "recipes" / prefix[:2]).glob(f"{prefix}*.json"):
        yield path.stem, "computation"


def find_object(store: Store, name: str) -> str:
    """The id of the object that a token file, an id or the beginning of an id names.

    Raises `UserError` if it names none.
    """
    if Path(name).is_file():
        token = token_in(Path(name).read_bytes())
        if token is None:
            raise UserError(f"{name} is no token; name a token, such as results/digits/original.json")
        return token.object_id
    found = [found for found, kind in find_ids(store, name) if kind == "object"]
    if len(found) != 1:
        raise UserError(f"{name!r} is no token file, and {len(found) or 'no'} objects of {store} begin so")
    return found[0]


def describe_file(store: Store, path: Path) -> dict[str, Any]:
    """A result file: its digest, the object that it names if it is a token, and what computation made it."""
    sha256 = file_digest(path)
    made = Producers(store).of(path.as_posix(), sha256)
    told: dict[str, Any] = {"file": path.as_posix(), "sha256": sha256, "size_bytes": path.stat().st_size}
    if token := token_in(path.read_bytes()):
        told |= {"token": asdict(token), "object": describe_object(store, token.object_id)}
    told["made_by"] = _short(made[-1]) if made else None
    return told


def describe_object(store: Store, object_id: str) -> dict[str, Any]:
    """An object: kind, arrays with shape, unit and meaning, other attributes, place and size in bytes."""
    folder = store.object_folder(object_id)
    if not folder.is_dir():
        raise MissingObjectError(f"object {object_id} is missing from store {store}")
    try:
        manifest = check_object(folder, object_id, EXISTENCE)
    except ValueError as problem:
        raise CorruptObjectError(f"object {object_id} in {folder} is damaged: {problem}") from problem
    content = manifest.content
    told = content.attributes.get("arrays")
    notes = {name: note for name, note in told.items() if isinstance(note, dict)} if isinstance(told, dict) else {}
    return {
        "kind": content.kind,
        "object_id": object_id,
        "folder": folder.as_posix(),
        "size_bytes": sum(entry.size for entry in manifest.files.values()),
        "arrays": {
            name: notes.get(name, {})
            | {"dtype": entry.dtype, "shape": list(entry.shape), "dimensions": entry.dimensions}
            for name, entry in content.arrays.items()
        },
        "attributes": {name: value for name, value in content.attributes.items() if name != "arrays"},
    }


def describe_computation(store: Store, computation_id: str) -> dict[str, Any]:
    """A computation with the files and objects that it gave, and where, when and how it was run."""
    record = read_record(store, computation_id)
    if record is None:
        raise MissingObjectError(f"computation {computation_id} is missing from store {store}")
    return {"recipe_id": computation_id, **body_of(record)}


def describe_version(store: Store, name: str) -> dict[str, Any]:
    """A version by its tag or number in the log: its id, its files and the configuration that made it."""
    found = version_id(store, name)
    version = kept_results(store, name)
    return {
        "version": name,
        "version_id": found,
        "tags": [asdict(tag) for tag in list_tags(store) if tag.version_id == found],
        "configuration": configuration(Producers(store), version),
        "files": dict(version.files),
    }


def as_text(told: Mapping[str, Any], indent: str = "") -> str:
    """A description as indented lines: an array on one line, a file of a version not at all."""
    lines = []
    for key, value in told.items():
        if key == "files" and isinstance(value, Mapping):
            lines.append(f"{indent}files: {len(value)}, see --json")
        elif not isinstance(value, Mapping) or not value:
            lines.append(f"{indent}{key}: {_leaf(value)}")
        elif "dtype" in value:
            lines.append(f"{indent}{key}: {_array(value)}")
        elif len(indent) >= 4:
            lines += [f"{indent}{key}.{inner}: {_leaf(item)}" for inner, item in flat_keys(value).items()]
        else:
            lines += [f"{indent}{key}:", as_text(value, f"{indent}  ")]
    return "\n".join(lines)


def _array(entry: Mapping[str, Any]) -> str:
    names = entry["dimensions"] or [""] * len(entry["shape"])
    shape = ", ".join(f"{name} {size}".strip() for name, size in zip(names, entry["shape"], strict=True))
    unit = f", unit {entry['unit']}" if "unit" in entry else ""
    return f"{entry['dtype']} ({shape}){unit}" + (f": {entry['description']}" if "description" in entry else "")


def _short(record: Record) -> dict[str, Any]:
    computation = record.computation
    return {
        "recipe_id": computation.id,
        "stage": computation.stage,
        "arguments": dict(computation.arguments),
        "code": computation.code,
        "time": record.provenance.get("time"),
        "seconds": record.provenance.get("seconds"),
    }


def _leaf(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
