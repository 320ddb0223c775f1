"""Recipes: what determines the result of a stage, and the record of the result that it gave.

A stage whose recipe has a record need not run: its output files are among the blobs, and the objects that
they name are in the store. ::

    recipes/ab/<recipe id>.json     {recipe, outputs, objects, provenance}, written once

Provenance - when, where, with which versions and for how long - stays outside the id, so the same work done
elsewhere is found again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hyperforget.errors import UserError
from hyperforget.store.blobs import blob_path, get_blob, put_blob
from hyperforget.store.canonical import digest
from hyperforget.store.checks import DIGESTS
from hyperforget.store.documents import (
    COPIES,
    create_document,
    list_documents,
    read_document,
    replace_document,
)
from hyperforget.store.errors import CorruptObjectError, NonDeterminismError
from hyperforget.store.files import replace_file, size_of, touch
from hyperforget.store.places import check_store
from hyperforget.store.references import folders_of, token_in

FOLDER = "recipes"


@dataclass(frozen=True)
class FileRef:
    """A file by path and SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Recipe:
    """A stage's name, its arguments, its slice of the configuration (JSON), the digest of its code, and its
    input files by name.
    """

    stage: str
    arguments: Mapping[str, str]
    spec: Any
    code: str
    inputs: Mapping[str, FileRef]

    @property
    def id(self) -> str:
        """SHA-256 over all that determines the result; the paths of inputs do not."""
        inputs = {name: file.sha256 for name, file in self.inputs.items()}
        return digest({**vars(self), "inputs": inputs})


@dataclass(frozen=True)
class OutputFile:
    """An output file: the path that it was written to, its SHA-256, and its size in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Record:
    """What a recipe gave: output files by name, ids of the objects that tokens among them name, and where
    and how it was run (JSON; ``time``, if given, is ISO 8601).
    """

    recipe: Recipe
    outputs: Mapping[str, OutputFile]
    objects: tuple[str, ...]
    provenance: Mapping[str, Any]


def record(store: Path, recipe: Recipe, outputs: Mapping[str, Path], provenance: Mapping[str, Any]) -> None:
    """Keep the output files of a recipe and the record of them.

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
    keep_record(store, Record(recipe, files, tuple(sorted(objects)), provenance))


def keep_record(store: Path, new: Record) -> None:
    """Keep the record of a result whose files and objects are in the store; raises as `record` does."""
    place = recipe_place(new.recipe.id)
    while not create_document(store, place, asdict(new)):
        try:
            earlier = read_record(store, new.recipe.id)
        except CorruptObjectError:
            replace_document(store, place, asdict(new))
            return
        if earlier is not None and touch(store / place):
            _compare(store, earlier, new)
            return


def look_up(store: Path, recipe: Recipe) -> Record | None:
    """The record of a recipe, or None if there is none that can be restored.

    None also where a file that the record names is absent or has another size, where an object is absent or
    damaged, and where the record is damaged: running the stage again repairs all of these. What is found
    counts as used now, so that the collection of garbage leaves it alone for a while.
    """
    if not store.is_dir():
        return None
    check_store(store)
    try:
        found = read_record(store, recipe.id)
        if found is None:
            return None
        folders = folders_of(store, found.objects, DIGESTS)
    except ValueError:
        return None
    blobs = {blob_path(store, file.sha256): file.size for file in found.outputs.values()}
    if any(size_of(path) != size for path, size in blobs.items()):
        return None
    # The record first: the collection of garbage removes it before what it names.
    return found if all(map(touch, [store / recipe_place(recipe.id), *blobs, *folders])) else None


def restore(store: Path, found: Record, outputs: Mapping[str, Path]) -> None:
    """Write the output files of a record to ``outputs``, paths by name, each in one step.

    Raises `MissingObjectError` or `CorruptObjectError` before anything is written, and `UserError` if the
    names are others than those recorded.
    """
    if set(outputs) != set(found.outputs):
        raise UserError(
            f"stage {found.recipe.stage} has outputs {', '.join(sorted(outputs))}, but its record "
            f"{found.recipe.id} has {', '.join(sorted(found.outputs))}"
        )
    contents = {name: get_blob(store, found.outputs[name].sha256) for name in outputs}
    for name, path in outputs.items():
        replace_file(path, contents[name])


def read_record(store: Path, recipe_id: str) -> Record | None:
    """The record of a recipe by its id, or None; raises `CorruptObjectError` if it is damaged."""
    body = read_document(store, recipe_place(recipe_id))
    return None if body is None else record_of(body)


def record_of(body: Mapping[str, Any]) -> Record:
    """The record that the body of a document is."""
    recipe = body["recipe"]
    inputs = {name: FileRef(**file) for name, file in recipe["inputs"].items()}
    return Record(
        Recipe(**{**recipe, "inputs": inputs}),
        {name: OutputFile(**file) for name, file in body["outputs"].items()},
        tuple(body["objects"]),
        body["provenance"],
    )


def read_records(store: Path) -> Iterator[Record]:
    """All records of a store, in the order of their ids; raises `CorruptObjectError` for a damaged one."""
    for place in list_documents(store, FOLDER):
        if (found := read_record(store, Path(place).stem)) is not None:
            yield found


def find_producers(store: Path) -> dict[str, Record]:
    """By SHA-256 of every recorded output file, the record that made it.

    Of several recipes with the same result, the latest by the ``time`` of its provenance is given.
    """
    ordered = sorted(read_records(store), key=lambda found: str(found.provenance.get("time", "")))
    return {file.sha256: found for found in ordered for file in found.outputs.values()}


def recipe_place(recipe_id: str) -> str:
    """Where the record of a recipe lies below a store."""
    return f"{FOLDER}/{recipe_id[:2]}/{recipe_id}.json"


def _compare(store: Path, earlier: Record, new: Record) -> None:
    for name in sorted({*earlier.outputs, *new.outputs}):
        before, now = (
            found.outputs[name].sha256 if name in found.outputs else "no file" for found in (earlier, new)
        )
        if before != now:
            raise NonDeterminismError(
                f"stage {new.recipe.stage} is not deterministic: output {name} was {before} and is {now} for "
                f"the same recipe; the earlier result is kept, to give it up delete "
                f"{recipe_place(new.recipe.id)} in {store} and in {store / COPIES}"
            )
