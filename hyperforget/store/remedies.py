"""What to do where something of a store is missing or damaged, in words that can be typed."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from hyperforget.errors import excerpt
from hyperforget.store.documents import RECORDS, list_documents, read_document
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.places import Places

_LONGEST_PATH = 300

# Paths of the files that name an object, or are a blob, by its id, as the stages that made them wrote them.
Makers = Mapping[str, list[str]]


def make_anew(store: Places, name: str) -> str:
    """How to have an object or a blob, by its id, made again."""
    return advice(makers(store), name)


def advice(made: Makers, name: str) -> str:
    """Like `make_anew`, of those that were found before."""
    paths = made.get(name, [])
    present = [path for path in paths if os.path.isfile(path)]  # which is no error for a name that none can have
    if not paths:
        return "fetch it with 'hyperforget store pull', or delete the file that names it and run the workflow again"
    return f"delete {excerpt((present or paths)[0], _LONGEST_PATH)} and run the workflow again"


def makers(store: Places) -> Makers:
    """What the records of a store tell about who made what; damaged records are left out."""
    made: defaultdict[str, list[str]] = defaultdict(list)
    for place in list_documents(store, RECORDS):
        try:
            found = read_document(store, place, lambda _, body: list(_named(body)))
        except CorruptObjectError:
            continue
        for name, path in found or ():
            made[name].append(path)
    return made


def _named(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Ids with the output file to delete: of an object a token, as far as the name tells."""
    try:
        outputs = [(file["sha256"], file["path"]) for file in body["outputs"].values()]
        objects = list(body["objects"])
    except (TypeError, KeyError, AttributeError):
        raise ValueError("is no record") from None
    if not all(isinstance(text, str) for text in (*objects, *(text for output in outputs for text in output))):
        raise ValueError("is no record")
    yield from outputs
    paths = sorted((path for _, path in outputs), key=lambda path: not path.endswith(".json"))
    if paths:
        yield from ((object_id, paths[0]) for object_id in objects)
