"""Versions: all result files of one moment, kept for good; and the log of them.

A version is a blob: the canonical JSON of a sorted list of (path below the results, SHA-256). Its id is the SHA-256 of
that, so equal results have the same version, whenever and wherever they were made. ::

    log/00000012.json     {number, version_id, message, time}, written once
    log/first-kept.json   the first entry whose files the collection of garbage has left, see there
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hyperforget.errors import UserError
from hyperforget.store.canonical import canonical_json, digest
from hyperforget.store.documents import create_document, list_documents, read_document
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.fields import Count, Digest, Time, read_fields
from hyperforget.store.files import touch
from hyperforget.store.paths import expect_inner, inner_path
from hyperforget.store.places import DESCRIPTION, is_object_id
from hyperforget.store.references import folders_of, token_in
from hyperforget.store.remedies import make_anew
from hyperforget.store.store import Store

FOLDER = "log"
FIRST_KEPT = f"{FOLDER}/first-kept.json"

_SUFFIXES = {".json", ".csv", ".tex", ".html", ".svg", ".pdf", ".png", ".safetensors", ".md"}
_DERIVED = {"ro-crate-metadata.json"}  # describes the results for others, with times
_PAGE = "README.md"  # of the checkout, on what lies in the folder


@dataclass(frozen=True)
class VersionFile:
    """A result file: its path below the results, with forward slashes, and its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Version:
    """All result files of one moment, sorted by path."""

    id: str
    files: tuple[VersionFile, ...]


@dataclass(frozen=True)
class LogEntry:
    """One entry of the log: a version, what its author says of it, and the time in ISO 8601, UTC."""

    number: Count
    version_id: Digest
    message: str
    time: Time

    @property
    def id(self) -> str:
        """SHA-256 over all but the number, which differs between copies of a store."""
        return digest({name: value for name, value in vars(self).items() if name != "number"})


@dataclass(frozen=True)
class FirstKept:
    """The number of the first entry of the log whose files are kept."""

    number: Count


def snapshot(store: Store, results: Path) -> Version:
    """Keep the result files below ``results`` as a version: tokens, tables, figures, networks, the report.

    Raises `UserError` if the folder is not there or has none, or one whose name no version can hold, and for a store
    that cannot be written.
    """
    paths = list_results(store, results)
    if not paths:
        raise UserError(f"folder {results} holds no results; run the workflow first or name another folder")
    for path in paths:
        try:
            inner_path(path)
        except ValueError as problem:
            raise UserError(f"{path!a} in folder {results} cannot be kept: its path {problem}; rename it") from None
    store.expect_writable()
    files = tuple(VersionFile(path, store.put_blob(results / path)) for path in paths)
    version_id = store.put_blob(canonical_json([[file.path, file.sha256] for file in files]))
    return Version(version_id, files)


def list_results(store: Store, results: Path) -> list[str]:
    """Paths of all result files below ``results``, but for those of stores, sorted.

    Raises `UserError` if there is no such folder.
    """
    if not results.is_dir():
        raise UserError(f"folder {results} does not exist; name the folder of the results")
    found: list[str] = []
    for folder, subfolders, names in os.walk(results):
        here = Path(folder)
        subfolders[:] = [name for name in subfolders if not name.startswith(".") and not is_store(store, here / name)]
        found += [
            (here / name).relative_to(results).as_posix()
            for name in names
            if Path(name).suffix in _SUFFIXES
            and not _is_hidden_or_of_a_store(name)
            and name not in _DERIVED
            and (name != _PAGE or here != results)
            and (here / name).is_file()
        ]
    return sorted(found)


def is_store(store: Store, folder: Path) -> bool:
    """Whether a folder is the store, or another one."""
    return os.path.realpath(folder) == os.path.realpath(store.root) or (folder / DESCRIPTION).is_file()


def _is_hidden_or_of_a_store(path: str) -> bool:
    """Whether a path leads to what is never a result: a hidden file or folder, or what makes a folder a store."""
    parts = path.casefold().split("/")
    return parts[-1] == DESCRIPTION or any(part.startswith(".") for part in parts)


def read_version(store: Store, version_id: str) -> Version:
    """A version by its id.

    Raises `MissingObjectError` or `CorruptObjectError` if the store does not hold it intact, and `UserError` for the id
    of something else.
    """
    data = store.get_blob(version_id)
    try:
        return parse_version(version_id, data)
    except ValueError as problem:
        raise UserError(f"{version_id} in store {store} is a file, but {problem}; see the log for versions") from None


def parse_version(version_id: str, data: bytes) -> Version:
    """The version that the bytes of a blob are; ValueError, which says "no version" and why, for something else, and
    where they name a file outside the results, a hidden one, or one that would make its folder a store.
    """
    try:
        listed = json.loads(data)
        files = tuple(VersionFile(path, sha256) for path, sha256 in listed)
        intact = isinstance(listed, list) and bool(files) and all(is_object_id(file.sha256) for file in files)
    except (ValueError, TypeError, RecursionError):
        intact = False
    if not intact:
        raise ValueError("no version")
    try:
        expect_inner((file.path for file in files), "the results")
    except ValueError as problem:
        raise ValueError(f"no version: it {problem}") from None
    if strange := next((file.path for file in files if _is_hidden_or_of_a_store(file.path)), None):
        raise ValueError(f"no version: it names {strange!r}, which is no result")
    return Version(version_id, files)


def use_version(store: Store, version_id: str) -> Version:
    """A version all of which is there, which now counts as used and is kept from the collection of garbage.

    Raises as `read_version` does, and `MissingObjectError` if a file of it is not there, or an object that a token
    among them names.
    """
    version = read_version(store, version_id)
    folders: set[Path] = set()
    for file in version.files:
        if not file.path.endswith(".json") or (token := token_in(store.get_blob(file.sha256))) is None:
            continue
        try:
            folders.update(folders_of(store, [token.object_id]))
        except ValueError as problem:
            raise MissingObjectError(
                f"{file.path} names {token.kind} {token.object_id}, but in store {store} {problem}; "
                f"{make_anew(store, token.object_id)}"
            ) from problem
    blobs = [store.blob_path(sha256) for sha256 in (version_id, *(file.sha256 for file in version.files))]
    for path in (*blobs, *sorted(folders)):
        if not touch(path):
            raise MissingObjectError(
                f"{path}, a part of version {version_id}, is missing; {make_anew(store, path.name)}"
            )
    return version


def append_log(store: Store, version_id: str, message: str) -> LogEntry:
    """Add an entry to the log; of many that append at once, each gets a number of its own, without a gap.

    Raises as `use_version` does: what is logged must be there.
    """
    use_version(store, version_id)
    time = datetime.now(UTC).isoformat(timespec="seconds")
    number = last_number(store)
    while True:
        number += 1
        entry = LogEntry(number, version_id, message, time)
        if create_document(store, log_place(number), asdict(entry)):
            return entry


def logged(store: Store, version_id: str, message: str) -> LogEntry:
    """The last entry of the log with a version, made with the message if there is none. Raises as `append_log`."""
    entries = [entry for entry in read_log(store) if entry.version_id == version_id]
    return entries[-1] if entries else append_log(store, version_id, message)


def merge_log(store: Store, entries: Iterable[LogEntry]) -> None:
    """Append the entries of another copy of the store that this one lacks, oldest first.

    Raises as `use_version` does: what is logged must be there.
    """
    log = read_log(store)
    known, number = {entry.id for entry in log}, len(log)
    for entry in sorted(entries, key=lambda entry: (entry.time, entry.id)):
        if entry.id in known:
            continue
        use_version(store, entry.version_id)
        number += 1
        while not create_document(store, log_place(number), asdict(replace(entry, number=number))):
            taken = read_document(store, log_place(number), entry_at)
            if taken is not None and taken.id == entry.id:
                break  # by another who merges the same
            number += 1


def read_log(store: Store) -> list[LogEntry]:
    """All entries of the log, the oldest first; raises `CorruptObjectError` for a damaged or missing one."""
    store.check()
    entries = []
    for number in range(1, last_number(store) + 1):
        entry = read_document(store, log_place(number), entry_at)
        if entry is None:
            raise CorruptObjectError(f"entry {number} of the log of store {store} is missing")
        entries.append(entry)
    return entries


def entry_at(place: str, body: Mapping[str, Any]) -> LogEntry:
    """The entry in a document of the log; ValueError with the reason if it is none, or has another number."""
    entry = read_fields(LogEntry, body)
    if log_place(entry.number) != place:
        raise ValueError(f"is entry {entry.number}")
    return entry


def log_document(place: str, body: Mapping[str, Any]) -> LogEntry | FirstKept:
    """What any document of the log says; ValueError with the reason if it says something else."""
    return read_fields(FirstKept, body) if place == FIRST_KEPT else entry_at(place, body)


def log_place(number: int) -> str:
    """Where an entry of the log lies below a store."""
    return f"{FOLDER}/{number:08}.json"


def first_kept(store: Store) -> int:
    """Number of the first entry of the log whose files are still kept, unless a tag keeps earlier ones."""
    found = read_document(store, FIRST_KEPT, lambda _, body: read_fields(FirstKept, body))
    return 1 if found is None else found.number


def last_number(store: Store) -> int:
    """Number of the last entry of the log, 0 for an empty one."""
    names = [Path(place).stem for place in list_documents(store, FOLDER)]
    return max((int(name) for name in names if name.isdecimal()), default=0)
