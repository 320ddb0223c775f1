"""Tags: names for versions, given once; and bringing a version back.

::

    tags/<name>.json     {name, version_id, time}, written once
"""

import os
import re
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from hyperforget.errors import UserError, nearest_choice
from hyperforget.store.documents import create_document, delete_document, list_documents, read_document
from hyperforget.store.files import replace_file
from hyperforget.store.store import Store
from hyperforget.store.versions import Version, read_version, use_version

FOLDER = "tags"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Tag:
    """A name for a version, and the time in ISO 8601, UTC, when it was given."""

    name: str
    version_id: str
    time: str


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
    another. Raises `MissingObjectError` or `CorruptObjectError` before anything is written.
    """
    version = read_version(store, version_id)
    for file in version.files:
        store.get_blob(file.sha256)
    now = time.time_ns()
    for file in version.files:
        replace_file(results / file.path, store.get_blob(file.sha256))
        os.utime(results / file.path, ns=(now, now))
    return version


def tag_place(name: str) -> str:
    """Where a tag lies below a store. Raises `UserError` for an unfit name."""
    if not _NAME.fullmatch(name):
        raise UserError(f"tag {name!r} is unfit: use up to 100 letters, digits and ._- after a letter or digit")
    return f"{FOLDER}/{name}.json"


def _read(store: Store, name: str) -> Tag | None:
    body = read_document(store, tag_place(name))
    return None if body is None else Tag(**body)
