"""Computations: all that determines the result of a stage, and the record of the result that it gave.

A stage whose computation has a record need not run: its output files are among the blobs, and the objects that they
name are in the store. In files a computation goes by its earlier name, since stores hold it::

    recipes/ab/<computation id>.json     {recipe, outputs, objects, provenance}, written once

Provenance - when, where, with which versions and for how long - stays outside the id, so the same work done
elsewhere is found again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from hyperforget.errors import UserError
from hyperforget.store.blobs import get_blob, put_blob
from hyperforget.store.canonical import digest
from hyperforget.store.checks import DIGESTS
from hyperforget.store.documents import (
    COPIES,
    RECORDS,
    create_document,
    list_documents,
    read_document,
    replace_document,
)
from hyperforget.store.errors import CorruptObjectError, NonDeterminismError
from hyperforget.store.fields import Count, Digest, Seconds, Time, read_fields
from hyperforget.store.files import replace_file, size_of, touch
from hyperforget.store.places import Places
from hyperforget.store.references import folders_of, token_in

FOLDER = RECORDS

# Of the provenance: what may decide the last bits of a result, which its recipe leaves out.
_DECISIVE = ("threads", "processes", "device", "precision", "hardware", "host", "versions")


@dataclass(frozen=True)
class FileRef:
    """A file by path and SHA-256."""

    path: str
    sha256: Digest


@dataclass(frozen=True)
class Computation:
    """A stage's name, its arguments, its slice of the configuration (JSON), the digest of its code, and its input
    files by name.
    """

    stage: str
    arguments: Mapping[str, str]
    spec: Any
    code: str
    inputs: Mapping[str, FileRef]

    @cached_property
    def id(self) -> str:
        """SHA-256 over all that determines the result; the paths of inputs do not."""
        inputs = {name: file.sha256 for name, file in self.inputs.items()}
        return digest({**{each.name: getattr(self, each.name) for each in fields(self)}, "inputs": inputs})


@dataclass(frozen=True)
class OutputFile:
    """An output file: the path that it was written to, its SHA-256, and its size in bytes."""

    path: str
    sha256: Digest
    size: Count


@dataclass(frozen=True)
class Record:
    """What a computation gave: output files by name, ids of the objects that tokens among them name, and where and how
    it was run (JSON; ``time``, if given, is ISO 8601).
    """

    computation: Computation
    outputs: Mapping[str, OutputFile]
    objects: tuple[Digest, ...]
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class _Time:
    time: Time


@dataclass(frozen=True)
class _Seconds:
    seconds: Seconds


@dataclass(frozen=True)
class _Timed:
    timed: Mapping[str, Seconds]


@dataclass(frozen=True)
class _Versions:
    versions: Mapping[str, str]


# What is read of provenance, where it is there.
_PROVENANCE: dict[str, type[Any]] = {"time": _Time, "seconds": _Seconds, "timed": _Timed, "versions": _Versions}


def record(store: Places, computation: Computation, outputs: Mapping[str, Path], provenance: Mapping[str, Any]) -> None:
    """Keep the output files of a computation and the record of them.

    A second record of the same result changes nothing. One of another result is not kept: it raises
    `NonDeterminismError`, which names the stage, the output and both digests.
    """
    files: dict[str, OutputFile] = {}
    objects: set[str] = set()
    for name, path in outputs.items():
        data = path.read_bytes()
        files[name] = OutputFile(path.as_posix(), put_blob(store, data), len(data))
        if token := token_in(data):
            objects.add(token.object_id)
    keep_record(store, Record(computation, files, tuple(sorted(objects)), provenance))


def keep_record(store: Places, new: Record) -> None:
    """Keep the record of a result whose files and objects are in the store; raises as `record` does."""
    place, body = computation_place(new.computation.id), body_of(new)
    while not create_document(store, place, body):
        try:
            earlier = read_record(store, new.computation.id)
        except CorruptObjectError:
            replace_document(store, place, body)
            return
        if earlier is not None and touch(store.root / place):
            _compare(store, earlier, new)
            return


def look_up(store: Places, computation: Computation) -> Record | None:
    """The record of a computation, or None if there is none that can be restored.

    None also where a file that the record names is absent or has another size, where an object is absent or damaged,
    and where the record is damaged: running the stage again repairs all of these. What is found counts as used now, so
    that it is no garbage for a while.
    """
    # Another process may be making the store just now.
    if not (store.root / FOLDER).is_dir():
        return None
    store.check()
    try:
        found = read_record(store, computation.id)
        if found is None:
            return None
        folders = folders_of(store, found.objects, DIGESTS)
    except ValueError:
        return None
    blobs = {store.blob_path(file.sha256): file.size for file in found.outputs.values()}
    if any(size_of(path) != size for path, size in blobs.items()):
        return None
    # The record first: as garbage it is removed before what it names.
    used = [store.root / computation_place(computation.id), *blobs, *folders]
    return found if all(map(touch, used)) else None


def restore(store: Places, found: Record, outputs: Mapping[str, Path]) -> None:
    """Write the output files of a record to ``outputs``, paths by name, each in one step.

    Raises `MissingObjectError` or `CorruptObjectError` before anything is written, and `UserError` if the names are
    others than those recorded.
    """
    if set(outputs) != set(found.outputs):
        raise UserError(
            f"stage {found.computation.stage} has outputs {', '.join(sorted(outputs))}, but its record "
            f"{found.computation.id} has {', '.join(sorted(found.outputs))}"
        )
    contents = {name: get_blob(store, found.outputs[name].sha256) for name in outputs}
    for name, path in outputs.items():
        replace_file(path, contents[name])


def read_record(store: Places, computation_id: str) -> Record | None:
    """The record of a computation by its id, or None; raises `CorruptObjectError` if it is damaged."""
    return read_document(store, computation_place(computation_id), record_at)


def body_of(record: Record) -> dict[str, Any]:
    """The body of the document that keeps a record."""
    body = asdict(record)
    return {"recipe": body.pop("computation"), **body}


def record_of(body: Mapping[str, Any]) -> Record:
    """The record that the body of a document is; ValueError with the reason if it is none."""
    if "recipe" not in body or "computation" in body:
        raise ValueError("has no recipe")
    found = read_fields(Record, {"computation" if name == "recipe" else name: part for name, part in body.items()})
    for name, kind in _PROVENANCE.items():
        if name in found.provenance:
            read_fields(kind, {name: found.provenance[name]})
    return found


def record_at(place: str, body: Mapping[str, Any]) -> Record:
    """The record in a document of a store; ValueError also if it is not that of the computation of this place."""
    found = record_of(body)
    if computation_place(found.computation.id) != place:
        raise ValueError(f"is that of computation {found.computation.id}")
    return found


def read_records(store: Places, *, skip_damaged: bool = False) -> Iterator[Record]:
    """All records of a store, in the order of their ids; raises `CorruptObjectError` for a damaged one, or skips it."""
    for place in list_documents(store, FOLDER):
        try:
            found = read_record(store, Path(place).stem)
        except CorruptObjectError:
            if not skip_damaged:
                raise
            continue
        if found is not None:
            yield found


def computation_place(computation_id: str) -> str:
    """Where the record of a computation lies below a store."""
    return f"{FOLDER}/{computation_id[:2]}/{computation_id}.json"


def _compare(store: Places, earlier: Record, new: Record) -> None:
    for name in sorted({*earlier.outputs, *new.outputs}):
        before, now = (found.outputs[name].sha256 if name in found.outputs else "no file" for found in (earlier, new))
        if before != now:
            raise NonDeterminismError(
                f"stage {new.computation.stage} is not deterministic: output {name} was {before} and is "
                f"{now} for the same computation; {_told_differences(earlier, new)}; "
                "the earlier result is kept, to give it up delete "
                f"{computation_place(new.computation.id)} in {store} and in {store.root / COPIES}"
            )


def _told_differences(earlier: Record, new: Record) -> str:
    """In words, in which of what changes the last bits of a result two records differ."""
    before, now = (dict(_decisive(record.provenance)) for record in (earlier, new))
    shared = [name for name in before if name in now]
    differing = [f"{name} ({before[name]} and {now[name]})" for name in shared if before[name] != now[name]]
    if differing:
        return (
            "bits are the same with the same threads, processes and precision on the same kind of machine only, and "
            f"these differ: {', '.join(differing)}"
        )
    return f"the same as then are {', '.join(shared)}" if shared else "what it was computed on is not known"


def _decisive(provenance: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What may decide the last bits, by its name, such as ``versions.torch``; what is not known is left out."""
    for name in _DECISIVE:
        value = provenance.get(name)
        if isinstance(value, Mapping):
            yield from ((f"{name}.{part}", of_part) for part, of_part in value.items())
        elif name in provenance:
            yield name, value
