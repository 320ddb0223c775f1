"""The folder of results, and a store that is in nobody's way."""

import os
import tempfile
from collections.abc import Collection
from pathlib import Path

from hyperforget.errors import UserError, shown
from hyperforget.store.places import Places

RESULTS = Path("results")
# What lies beside the tasks in the folder of results.
FOLDERS = ("store", "logs", "benchmarks", "tables", "figures", "source")
_OTHERS = {*FOLDERS, "metrics.csv", "costs.csv", "report.html"} - {"store"}
_ALLOWED = "allowed is a folder of its own, such as results/store"


def check_store(store: str, tasks: Collection[str]) -> None:
    """Raise `UserError` for a store that is no folder, or that lies where results or other things do.

    ``tasks`` are the names in paths of all tasks.
    """
    if not store:
        raise UserError(f"store is '', which names no folder; {_ALLOWED}")
    # Rules would put something else in the place of a name in braces.
    if "{" in store or "}" in store:
        raise UserError(f"store is {shown(store)}, which has a brace; {_ALLOWED}")
    place, results = Path(os.path.realpath(store)), Path(os.path.realpath(RESULTS))
    if results.is_relative_to(place):
        raise UserError(f"store is {shown(store)}, the folder of the results or one around it; {_ALLOWED}")
    inside = place.relative_to(results).parts[0] if place.is_relative_to(results) else ""
    if inside in _OTHERS or inside in tasks:
        raise UserError(f"store is {shown(store)}, where the results have {RESULTS / inside}; {_ALLOWED}")
    found = nearest_existing(place)
    if not found.is_dir():
        raise UserError(f"store is {shown(store)}, but {str(found)!r} is no folder; {_ALLOWED}")


def check_creatable(store: str) -> None:
    """Raise `UserError` for a store that is not there and cannot be made, or not without being in somebody's way."""
    place = Path(os.path.realpath(store))
    found = nearest_existing(place)
    try:
        Places(Path(store)).expect_own()
        if found != place:
            with tempfile.TemporaryDirectory(prefix=".hyperforget-", dir=found):
                pass
    except OSError as error:
        raise UserError(
            f"store is {shown(store)}, which cannot be made in {str(found)!r} ({error.strerror}); {_ALLOWED}"
        ) from None


def nearest_existing(path: Path) -> Path:
    """A path, or the first of the folders around it that is there."""
    return next(each for each in (path, *path.parents) if os.path.lexists(each))
