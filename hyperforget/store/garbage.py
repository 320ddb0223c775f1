"""Collection of garbage: what nothing leads to any more is removed, after a time of grace.

Whoever publishes, records, looks up, logs or tags something marks it as used at that moment, and nothing that was used
within the grace is removed: a running workflow has made it and nothing names it yet. The grace must therefore be longer
than the longest run. The steps are ordered such that a store is whole after each.
"""

import contextlib
import math
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hyperforget.errors import UserError
from hyperforget.store import computations
from hyperforget.store import versions as history
from hyperforget.store.documents import COPIES, list_documents, replace_document
from hyperforget.store.files import entries_below, is_folder, remove
from hyperforget.store.places import is_object_id
from hyperforget.store.reachability import Node, reachable
from hyperforget.store.store import Store

GRACE_SECONDS = 14 * 24 * 3600.0

_NODES = ("computation", "blob", "object")


@dataclass(frozen=True)
class Found:
    """Something that may be removed: its kind (computation, blob, object, pack or leftover), its id or name, and its
    place.
    """

    kind: str
    id: str
    path: Path

    @property
    def node(self) -> Node:
        """What keeps it: of a pack the corpus."""
        return ("object" if self.kind == "pack" else self.kind, self.id)


@dataclass(frozen=True)
class Removal(Found):
    """Something that is removed, and its size in bytes."""

    size: int


def collect_garbage(
    store: Store,
    results_folders: Sequence[Path] = (),
    keep_last_entries: int = 10,
    *,
    dry_run: bool = True,
    grace_seconds: float = GRACE_SECONDS,
) -> list[Removal]:
    """Remove what no tag, none of the last entries of the log and no token in ``results_folders`` leads to.

    Also packs of such corpora, what killed writers left behind, and unfinished work that nobody went on with. Returns
    what is removed, or with ``dry_run`` would be. Older entries of the log stay, but their files are no longer kept for
    them. Raises as `reachable` does, before anything is removed, and `UserError` for a folder that is no store, or one
    that cannot be written.
    """
    store.check()
    if keep_last_entries < 0 or grace_seconds < 0:
        raise UserError("the number of entries to keep and the time of grace must not be negative")
    before = time.time() - grace_seconds
    found = list(_contents(store))
    old = {item for item in found if _last_used(item.kind, item.path) <= before}
    young = [item.node for item in found if item not in old and item.kind in _NODES]
    keep = reachable(store, results_folders, keep_last_entries, young)
    removals = [
        Removal(item.kind, item.id, item.path, _bytes_of(item.path))
        for item in found
        if item in old and item.node not in keep
    ]
    if dry_run:
        return removals
    store.expect_writable()
    first = history.last_number(store) - keep_last_entries + 1
    if first > history.first_kept(store):
        replace_document(store, history.FIRST_KEPT, {"number": first})
    return [item for item in removals if _remove(store, item, before)]


def _contents(store: Store) -> Iterator[Found]:
    """All that may be removed, in the order in which it is: what names others before these."""
    for place in list_documents(store, computations.FOLDER):
        yield Found("computation", Path(place).stem, store.root / place)
    for kind, folder in (("blob", "blobs"), ("object", "objects")):
        for path in sorted((store.root / folder).glob("*/[!.]*")):
            if is_object_id(path.name):
                yield Found(kind, path.name, path)
    for path in sorted((store.root / "packs").glob("*")):
        yield Found("pack", path.name, path)
    partial = ".*.partial"
    folders = (computations.FOLDER, "blobs", "tags", history.FOLDER, COPIES)
    for path in (
        *(store.root / "tmp").glob("*"),
        *(store.root / "unfinished").glob("*"),
        *store.root.glob(partial),
        *(path for folder in folders for path in (store.root / folder).rglob(partial)),
    ):
        yield Found("leftover", path.name, path)


def _bytes_of(path: Path) -> int:
    return sum(map(_size, entries_below(str(path)) if is_folder(path) else [path]))


def _size(path: "Path | os.DirEntry[str]") -> int:
    """Bytes of a file; 0 of what is none, or is gone: it was finished meanwhile, or only its copy is left."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _last_used(kind: str, path: Path) -> float:
    """Seconds since the epoch; of a folder that somebody may be writing, when that was last written to."""
    inner = entries_below(str(path)) if kind == "leftover" and is_folder(path) else ()
    times = []
    for each in (path, *inner):
        with contextlib.suppress(FileNotFoundError):  # finished meanwhile
            times.append(os.lstat(each).st_mtime)
    return max(times, default=math.inf)


def _remove(store: Store, item: Removal, before: float) -> bool:
    """Remove something unless it was used meanwhile; returns whether it is gone.

    It is first moved away, so that it vanishes in one step and what was marked as used just before comes back. A copy
    of a document goes before it, as `hyperforget.store.documents` says.
    """
    if item.kind == "computation":
        remove(store.root / COPIES / item.path.relative_to(store.root))
    aside = store.staging_folder()
    aside.parent.mkdir(exist_ok=True)
    try:
        os.rename(item.path, aside)
    except FileNotFoundError:
        return True
    if item.kind != "leftover" and _last_used(item.kind, aside) > before:
        try:
            os.rename(aside, item.path)
        except OSError:
            pass  # published anew meanwhile
        else:
            return False
    remove(aside)
    return True
