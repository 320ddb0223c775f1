"""Tags: names for versions, given once; and bringing a version back.

::

    tags/<name>.json     {name, version_id, time}, written once
"""

import itertools
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from hyperforget.errors import UserError, nearest_choice
from hyperforget.store.documents import create_document, delete_document, list_documents, read_document
from hyperforget.store.fields import Digest, Rule, Time, read_fields
from hyperforget.store.files import replace_file
from hyperforget.store.paths import place_in
from hyperforget.store.store import Store
from hyperforget.store.versions import Version, is_store, read_version, use_version

FOLDER = "tags"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def is_tag_name(name: str) -> bool:
    """Whether a text may be the name of a tag: letters, digits and ``._-``, which lead nowhere else as a path."""
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True)
class Tag:
    """A name for a version, and the time in ISO 8601, UTC, when it was given."""

    name: Annotated[str, Rule(is_tag_name, "the name of a tag")]
    version_id: Digest
    time: Time


def tag(store: Store, name: str, version_id: str) -> Tag:
    """Name a version; doing so again changes nothing.

    Raises `UserError` if the name is given to another version or unfit, and as `use_version` does.
    """
    return give_tag(store, Tag(name, version_id, datetime.now(UTC).isoformat(timespec="seconds")))


def give_tag(store: Store, new: Tag) -> Tag:
    """Like `tag`, at the time that ``new`` says."""
    place = tag_place(new.name)
    use_version(store, new.version_id)
    while not create_document(store, place, asdict(new)):
        earlier = _read(store, new.name)
        if earlier is None:
            continue  # deleted meanwhile
        if earlier.version_id != new.version_id:
            raise UserError(
                f"tag {new.name} is version {earlier.version_id} already, not {new.version_id}; a tag never "
                "moves, choose another name or delete that tag first"
            )
        return earlier
    return new


def read_tag(store: Store, name: str) -> Tag:
    """A tag by its name.

    Raises `UserError` for an unknown one, with the nearest name, and `CorruptObjectError` for a damaged one.
    """
    store.check()
    found = _read(store, name)
    if found is None:
        names = [Path(place).stem for place in list_documents(store, FOLDER)]
        known = f"known are {', '.join(names)}" if names else "it has none"
        raise UserError(f"store {store} has no tag {name!r}; {known}{nearest_choice(name, names)}")
    return found


def list_tags(store: Store) -> list[Tag]:
    """All tags, by name; raises `CorruptObjectError` for a damaged one."""
    store.check()
    found = (_read(store, Path(place).stem) for place in list_documents(store, FOLDER))
    return [each for each in found if each is not None]


def tag_at(place: str, body: Mapping[str, Any]) -> Tag:
    """The tag in a document; ValueError with the reason if it is none, or that of another place."""
    found = read_fields(Tag, body)
    if tag_place(found.name) != place:
        raise ValueError(f"is tag {found.name}")
    return found


def delete_tag(store: Store, name: str) -> None:
    """Take a name back, so that the collection of garbage may remove what only it keeps.

    Raises `UserError` for an unknown tag; a damaged or lost one is deleted too.
    """
    if tag_place(name) not in list_documents(store, FOLDER):
        read_tag(store, name)  # says so
    delete_document(store, tag_place(name))


def checkout(store: Store, version_id: str, results: Path) -> Version:
    """Write all files of a version below ``results``, byte for byte, each in one step.

    Other files stay. All that is written gets one modification time, so that no file of a version looks newer than
    another. Raises `MissingObjectError` or `CorruptObjectError`, and `UserError` as `expect_room` does, before anything
    is written.
    """
    version = read_version(store, version_id)
    expect_room(store, version, results)
    for file in version.files:
        store.get_blob(file.sha256)
    now = time.time_ns()
    for file in version.files:
        path = place_in(results, file.path)
        replace_file(path, store.get_blob(file.sha256))
        os.utime(path, ns=(now, now))
    return version


def expect_room(store: Store, version: Version, results: Path) -> None:
    """Raise `UserError` if a symbolic link, or a folder in the place of a file or a file in that of a folder, keeps the
    files of a version from being written below ``results``, or if one would be written into a store there.
    """
    for file in version.files:
        try:
            place = place_in(results, file.path)
        except ValueError as problem:
            raise UserError(f"{file.path} cannot be written into {results}: it {problem}; move that away") from None
        if place.is_dir():
            raise UserError(f"{place} is a folder, but the version has a file there; move it away")
        inside = next((folder for folder in _folders_of(place, results) if is_store(store, folder)), None)
        if inside is not None:
            raise UserError(f"{file.path} cannot be written into {results}: {inside} is a store; move that away")


def _folders_of(place: Path, results: Path) -> Iterator[Path]:
    """Those that a place below the results lies in, up to these."""
    yield from itertools.takewhile(lambda folder: folder != results, place.parents)
    yield results


def tag_place(name: str) -> str:
    """Where a tag lies below a store. Raises `UserError` for an unfit name."""
    if not is_tag_name(name):
        raise UserError(f"tag {name!r} is unfit: use up to 100 letters, digits and ._- after a letter or digit")
    return f"{FOLDER}/{name}.json"


def _read(store: Store, name: str) -> Tag | None:
    return read_document(store, tag_place(name), tag_at)
