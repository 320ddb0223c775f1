"""Whether a store holds what was put into it: flipped bits, truncated and deleted files are all found.

Three levels, each with those before it:

0. Existence and size: manifests and documents are what was written, files have the size that these name, and whatever
   something refers to is there.
1. Digests: every file has its SHA-256.
2. Values: every array, decoded, has the digest that is part of its object's id.

Others may write meanwhile: what they refer to they put first, so nothing of it is found missing.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from hyperforget.errors import UserError
from hyperforget.progress import progress
from hyperforget.store import computations, tags
from hyperforget.store import versions as history
from hyperforget.store.checks import DIGESTS, EXISTENCE, VALUES, check_object
from hyperforget.store.completeness import Known, missing
from hyperforget.store.documents import COPIES, Parse, check_document, list_documents
from hyperforget.store.files import bytes_at, entries_below, file_digest, size_of
from hyperforget.store.manifest import MANIFEST_NAME
from hyperforget.store.packs import check_pack
from hyperforget.store.places import FORMAT_VERSION, IN_ONE_LINE, STORE_JSON, Places, is_object_id
from hyperforget.store.references import parts_of
from hyperforget.store.remedies import Makers, advice, makers
from hyperforget.store.store import Store

LEVELS = (EXISTENCE, DIGESTS, VALUES)


@dataclass(frozen=True)
class Finding:
    """Something wrong: its kind (store, computation, tag, log, blob, object or pack), its id or name, where it lies,
    the problem, as a sentence without its subject, and what to do, empty where the problem says so.
    """

    kind: str
    id: str
    path: Path
    problem: str
    remedy: str = ""


def verify(store: Store, level: int = DIGESTS) -> list[Finding]:
    """Everything that is wrong with a store, looked at to ``level`` 0, 1 or 2; nothing if the list is empty.

    Reads files in pieces, and at level 2 one array at a time. Raises `UserError` for another level and for a folder
    that is not there.
    """
    if level not in LEVELS:
        raise UserError(f"level {level!r} is not one of 0 (existence and size), 1 (digests), 2 (values)")
    if not store.root.is_dir():
        raise UserError(f"store {store} does not exist; name the folder of a store")
    found = list(findings(store, level))
    if not found:
        return []
    made = makers(store)
    return [replace(each, remedy=_remedy(store, each, made)) for each in found]


def _remedy(store: Store, finding: Finding, made: Makers) -> str:
    if finding.kind in ("object", "blob"):
        return advice(made, finding.id) if is_object_id(finding.id) else ""
    if finding.kind in ("computation", "tag", "log"):
        place = finding.path.relative_to(store.root)
        copies = place.parts[0] == COPIES
        other = store.root.joinpath(*place.parts[1:]) if copies else store.root / COPIES / place
        return f"put {other} in its place if that is intact, or delete both"
    return f"write {IN_ONE_LINE} there" if finding.kind == "store" else ""


def findings(store: Store, level: int) -> Iterator[Finding]:
    """What `verify` finds, one by one."""
    if problem := _description_problem(store.root / "store.json"):
        yield Finding("store", "store.json", store.root / "store.json", problem)
    known = Known()
    yield from _check_documents(store, "computation", computations.record_at, known.records)
    yield from _check_documents(store, "tag", tags.tag_at, {})
    yield from _check_documents(store, "log", history.log_document, {})
    object_problem = partial(_object_problem, known=known)
    for kind, folder, check in (("blob", "blobs", _blob_problem), ("object", "objects", object_problem)):
        paths = sorted((store.root / folder).glob("*/[!.]*"))
        for path in progress(paths, len(paths), f"verifying {folder}", kind):
            # A second look, since a damaged copy may have been replaced during the first.
            if check(path, level) and (wrong := check(path, level)):
                yield Finding(kind, path.name, path, wrong)
    for path in sorted((store.root / "packs").glob("*")):
        try:
            check_pack(path, digests=level >= DIGESTS)
        except (ValueError, OSError) as error:
            yield Finding("pack", path.name, path, f"{error}; delete it, the next use makes it anew")
    if lost := missing(store, known):
        # The collection of garbage may have removed a reference, and then what that named.
        still = missing(store)
        for reference, problem in lost.items():
            if reference in still:
                place = store.object_folder if reference.kind == "object" else store.blob_path
                yield Finding(reference.kind, reference.id, place(reference.id), problem)


def _description_problem(path: Path) -> str | None:
    try:
        data = bytes_at(path)
    except ValueError as problem:
        return str(problem)
    if data is None:
        return "is missing"
    if data not in (STORE_JSON, IN_ONE_LINE.encode(), f"{IN_ONE_LINE}\n".encode()):
        return f"is not that of format {FORMAT_VERSION}: damaged, or of a newer version of hyperforget"
    return None


_FOLDERS = {"computation": computations.FOLDER, "tag": tags.FOLDER, "log": history.FOLDER}


def _check_documents(store: Store, kind: str, parse: Parse[Any], intact: dict[str, Any]) -> Iterator[Finding]:
    """What is wrong with documents; those that are ``intact`` are put there, by place."""
    folder = _FOLDERS[kind]
    places = set(list_documents(store, folder))
    entries = history.last_number(store) if folder == history.FOLDER else 0
    for place in sorted(places | {history.log_place(number) for number in range(1, entries)}):
        problem = _document_problem(store, place, parse, intact)
        if problem is None and _is_copied(store, place):
            continue
        if problem is None and place not in places and not (store.root / place).exists():
            problem = "is missing"  # from the log, which has no gaps
        if problem:
            yield Finding(kind, Path(place).stem, store.root / place, problem)
        if problem := _document_problem(Places(store.root / COPIES), place, parse, {}):
            yield Finding(kind, Path(place).stem, store.root / COPIES / place, problem)


def _is_copied(store: Store, place: str) -> bool:
    try:
        data = bytes_at(store.root / place)
        return data is not None and data == bytes_at(store.root / COPIES / place)
    except (ValueError, OSError):
        return False


def _document_problem(store: Places, place: str, parse: Parse[Any], intact: dict[str, Any]) -> str | None:
    try:
        found = check_document(store, place, parse)
    except (ValueError, OSError) as error:
        return str(error)
    if found is not None:
        intact[place] = found
    return None


def _misplaced(path: Path, kind: str) -> str | None:
    placed = is_object_id(path.name) and path.parent.name == path.name[:2]
    return None if placed else f"does not have the name of {kind}; delete it"


def _blob_problem(path: Path, level: int) -> str | None:
    if problem := _misplaced(path, "blobs"):
        return problem
    try:
        if size_of(path) is None:
            return "is no file" if os.path.lexists(path) else None  # else collected meanwhile
        if level >= DIGESTS and file_digest(path) != path.name:
            return "is not what was written"
    except OSError as error:
        return str(error) if os.path.lexists(path) else None
    return None


def _object_problem(path: Path, level: int, known: Known) -> str | None:
    if problem := _misplaced(path, "objects"):
        return problem
    try:
        manifest = check_object(path, path.name, level)
        inside = (each for each in entries_below(str(path)) if not each.is_dir(follow_symlinks=False))
        present = {each.path.removeprefix(f"{path}/") for each in inside}
    except (ValueError, OSError) as error:
        return str(error) if os.path.lexists(path) else None
    known.parts[path.name] = parts_of(manifest.content)
    more = sorted(present - {MANIFEST_NAME, *manifest.files})
    return f"has {more[0]}, which does not belong to it" if more else None
