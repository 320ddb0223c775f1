"""What a push and a pull have in common: their result, and doing many things at once."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import TypeVar

from hyperforget.progress import progress

Item = TypeVar("Item")
Result = TypeVar("Result")

AT_ONCE = 8
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Transfer:
    """How many of each kind travelled, or with ``dry_run`` would have.

    ``bytes`` are those of files and objects; ``present`` counts what was there already; ``recipes`` counts
    computations, by their name on disk. ``left`` are ids of computations that have another result where they were to
    go, which stays.
    """

    dry_run: bool
    objects: int
    recipes: int
    files: int
    log_entries: int
    tags: int
    bytes: int
    present: int
    left: tuple[str, ...] = ()


def as_text(done: Transfer, did: str, would: str) -> str:
    """What travelled, in one line; ``did`` and ``would`` are the verbs, as in "sent" and "would send"."""
    kinds = [
        (done.objects, "object", "objects"),
        (done.recipes, "computation", "computations"),
        (done.files, "file", "files"),
        (done.log_entries, "log entry", "log entries"),
        (done.tags, "tag", "tags"),
    ]
    counts = [f"{count} {one if count == 1 else many}" for count, one, many in kinds if count]
    moved = f"{', '.join(counts)} ({done.bytes / 1e6:.1f} MB)" if counts else "nothing"
    text = f"{would if done.dry_run else did} {moved}; {done.present} were there already"
    if done.left:
        text += f"; of {len(done.left)} computations another result is here, which stays"
    return text


def at_once(action: Callable[[Item], Result], items: Iterable[Item], workers: int = AT_ONCE) -> Iterator[Result]:
    """Results of ``action`` in the order of ``items``, several at once; after an error no other begins."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(action, items)
    finally:
        pool.shutdown(cancel_futures=True)


def show(items: Iterable[Item], total: int, description: str, unit: str) -> list[Item]:
    """All ``items``, showing progress while they come; nothing is shown of nothing."""
    return list(progress(items, total, description, unit) if total else items)


def show_bytes(sizes: Iterable[int], files: int, total: int, description: str) -> None:
    """Go through the sizes of files, as these are done bit by bit, showing progress in MB of ``total``."""
    megabytes = max(total // _MEGABYTE, 1) if files else 0
    show(_megabytes(sizes), megabytes, f"{description} {files} files", "megabyte")


def _megabytes(sizes: Iterable[int]) -> Iterator[None]:
    done = 0
    for size in sizes:
        before, done = done, done + size
        yield from repeat(None, done // _MEGABYTE - before // _MEGABYTE)
