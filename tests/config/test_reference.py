"""The printed reference: every key, with what it is, its default and its meaning."""

import json
import re
import subprocess
import sys
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

import hyperforget
from hyperforget.config import CollectionConfig, Config, CorpusConfig, UpdateConfig, reference
from hyperforget.config.reference import keys_at, meaning, schema

# How one of several sections under a key is told from the others.
ITEMS: dict[Any, str] = {dict: ".<name>", list: ".<number>"}


def explained_keys(section: type[BaseModel]) -> list[str]:
    """All keys of a section but those of a further corpus that it takes over from the task's collection."""
    taken_over = set(CollectionConfig.model_fields) if section is CorpusConfig else set()
    return [name for name in section.model_fields if name not in taken_over]


def sections(path: str = "", section: type[BaseModel] = Config) -> Iterator[tuple[str, type[BaseModel]]]:
    """All sections of the configuration with their paths, found without the code under test."""
    yield path, section
    for name in explained_keys(section):
        field = section.model_fields[name]
        for part in (field.annotation, *typing.get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                inner = name + ITEMS.get(typing.get_origin(field.annotation) or type(None), "")
                yield from sections(f"{path}.{inner}".strip("."), part)


SECTIONS = dict(sections())
Tables = dict[str, dict[str, list[str]]]
KEYS = [(path, name) for path, section in SECTIONS.items() for name in explained_keys(section)]


def inner_section(path: str, name: str) -> type[BaseModel] | None:
    inner = f"{path}.{name}".strip(".")
    return next((SECTIONS[path] for item in ("", *ITEMS.values()) if (path := inner + item) in SECTIONS), None)


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Type, default and meaning by section and key, as a reader of the Markdown gets them."""
    found: Tables = {}
    for block in reference().split("### ")[1:]:
        title, *lines = block.splitlines()
        rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
        path = "" if title == "Top level" else title.strip("`")
        assert path not in found
        found[path] = {row[0].strip("`"): row[1:] for row in rows}
    return found


def test_every_section_and_key_has_its_row_and_nothing_else(tables: Tables) -> None:
    assert {path: list(rows) for path, rows in tables.items()} == {
        path: explained_keys(section) for path, section in SECTIONS.items()
    }
    assert len(KEYS) > 60


@pytest.mark.parametrize(("path", "name"), KEYS)
def test_every_key_has_a_meaning_or_is_a_section_that_has_one(tables: Tables, path: str, name: str) -> None:
    inner, cells = inner_section(path, name), tables[path][name]
    in_list = f"{path}.{name}.<number>" in SECTIONS
    if inner is None or in_list:
        kind, default, text = cells
        assert ("section" in kind) == in_list
        assert default == "required" or re.fullmatch("`.+`", default)
        assert text == SECTIONS[path].model_fields[name].description
        assert len(text) > 5
    else:
        assert cells[:2] == ["section", "see its section"]
        assert (inner.__doc__ or "").strip().splitlines()[0] in reference()


def test_defaults_are_those_of_a_configuration_that_sets_nothing(tables: Tables) -> None:
    task = {"classes": [0, 1, 2], "hidden": [2], "pivots": [0], "forget": ["1"]}
    config = Config.model_validate({"tasks": {"t": task}, "methods": {"m": {}}, "metrics": {"m": {}}})
    for path, name in KEYS:
        if inner_section(path, name) is not None or SECTIONS[path].model_fields[name].is_required():
            continue
        if (path, name) == ("tasks.<name>", "hidden") or path == "tasks.<name>.network":
            # One of the two has to be set.
            continue
        value: Any = config
        for part in filter(None, path.split(".")):
            if part == "<number>":
                value = SECTIONS[path]()
            else:
                value = next(iter(value.values())) if part == "<name>" else getattr(value, part)
        default = getattr(value, name)
        printed = list(default) if isinstance(default, tuple) else default
        assert tables[path][name][1] == f"`{printed}`", f"{path}.{name}"


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("", "seeds", "list of whole numbers"),
        ("", "store", "text"),
        ("", "protocol", "one of `validation`, `thesis`"),
        ("tasks.<name>", "hidden", "list of whole numbers"),
        ("tasks.<name>", "forget", "list of text"),
        ("tasks.<name>.dataset", "path", "text"),
        ("tasks.<name>.collection", "loss_levels", "list of numbers"),
        ("tasks.<name>.collection", "switch", "tuple of numbers"),
        ("tasks.<name>.collection", "recipes", "list of sections"),
        ("methods.<name>", "settings", "keys and values"),
        ("tasks.<name>.corpora.<name>", "models", "list of text"),
        ("tasks.<name>.strangers.recipe", "batch_size", "whole number"),
        ("models.<name>.training", "learning_rate", "number"),
        ("models.<name>.training", "permute", "true or false"),
    ],
)
def test_types_are_told_in_words(tables: Tables, path: str, name: str, kind: str) -> None:
    assert tables[path][name][0] == kind


def test_keys_and_meanings_at_a_path() -> None:
    assert keys_at(["tasks", "toy", "dataset"]) == list(SECTIONS["tasks.<name>.dataset"].model_fields)
    assert keys_at(["tasks", "toy", "collection", "recipes", "0"]) == list(UpdateConfig.model_fields)
    assert keys_at(["tasks", "toy", "corpora", "ends"]) == [*CollectionConfig.model_fields, "models"]
    assert keys_at([]) == list(Config.model_fields)
    assert meaning(["seeds"]).startswith("seeds of everything random")
    assert meaning(["tasks", "toy", "hidden"]).startswith("hidden units of each layer")
    assert meaning(["tasks", "toy", "switch", "1"]) == "it has no default"


def test_the_command_prints_the_reference() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "hyperforget.config"],
        env={"PYTHONPATH": str(Path(hyperforget.__file__).parents[1]), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert printed.stdout == reference() + "\n"


def test_the_schema_for_editors_is_that_of_the_declarations_and_every_configuration_names_it() -> None:
    root = Path(__file__).parents[2]
    stored = root / "workflow" / "schemas" / "config.schema.json"
    assert stored.read_text(encoding="utf-8") == schema() + "\n", "python -m hyperforget.config schema"
    for path in (root / "config").glob("*.yaml"):
        (line,) = re.findall(r"^# yaml-language-server: \$schema=(.*)$", path.read_text(encoding="utf-8"), re.M)
        assert (path.parent / line).resolve() == stored


@dataclass(frozen=True)
class Bound:
    """One bound of a key: a value ``beyond`` it, and the farthest one ``within``."""

    key: tuple[str, str]
    beyond: Any
    within: Any


def bounds(annotation: Any, metadata: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """A value beyond and one within each bound that a type declares, also of what a list of it holds."""
    step = 1 if annotation is int else 1e-6
    for part in metadata:
        match part:
            case FieldInfo():
                yield from bounds(annotation, part.metadata)
            case Ge(ge=float() | int() as bound):
                yield bound - step, bound
            case Gt(gt=float() | int() as bound):
                yield bound, bound + step
            case Le(le=float() | int() as bound):
                yield bound + step, bound
            case Lt(lt=float() | int() as bound):
                yield bound, bound - step
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        yield from bounds(inner[0], inner[1:])
    elif origin is list:
        yield from (([beyond], [within]) for beyond, within in bounds(inner[0], ()))
    elif origin is tuple:
        yield from (((beyond,) * len(inner), (within,) * len(inner)) for beyond, within in bounds(inner[0], ()))
    elif origin in (typing.Union, types.UnionType):
        for choice in inner:
            yield from bounds(choice, ())


BOUNDS = [
    Bound((section.__name__, name), beyond, within)
    for section in dict.fromkeys(SECTIONS.values())
    for name, field in section.model_fields.items()
    for beyond, within in bounds(field.annotation, field.metadata)
]


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(schema())
    return loaded


def accepts(declared: dict[str, Any], key: tuple[str, str], value: Any) -> bool:
    """Whether editors take the value of one key of a section."""
    section, name = key
    # The schema as a whole is that of the top level.
    place = f"#/$defs/{section}/properties/{name}" if section != "Config" else f"#/properties/{name}"
    only = {"$ref": place, "$defs": declared["$defs"], "properties": declared["properties"]}
    return bool(jsonschema.Draft202012Validator(only).is_valid(json.loads(json.dumps(value))))


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: f"{'.'.join(bound.key)}-{bound.beyond}")
def test_editors_mark_what_is_beyond_a_bound(declared: dict[str, Any], bound: Bound) -> None:
    assert not accepts(declared, bound.key, bound.beyond)


def test_editors_take_what_is_within_all_bounds_of_a_key(declared: dict[str, Any]) -> None:
    kinds = {section.__name__: section for section in SECTIONS.values()}
    taken = 0
    for bound in BOUNDS:
        field = kinds[bound.key[0]].model_fields[bound.key[1]]
        adapter: TypeAdapter[Any] = TypeAdapter(typing.cast(Any, typing.Annotated[field.annotation, field]))
        try:
            adapter.validate_python(bound.within)
        except ValidationError:
            allowed = False
        else:
            allowed = True
        assert accepts(declared, bound.key, bound.within) == allowed, bound
        taken += allowed
    assert taken > 100


def test_the_readme_holds_the_reference() -> None:
    readme = Path(__file__).parents[2] / "config" / "README.md"
    assert reference().strip() in readme.read_text(encoding="utf-8")
