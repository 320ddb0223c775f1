"""Functions of the user's own: in a Python file that the configuration names, or offered by an installed package."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from hyperforget.config.base import FilePath, Section
from hyperforget.config.tasks import DatasetConfig
from hyperforget.errors import UserError, nearest_choice

# What functions may be of, and the groups of entry points by which installed packages offer them.
Kind = Literal["method", "metric", "dataset"]
GROUPS: dict[Kind, str] = {
    "method": "hyperforget.methods",
    "metric": "hyperforget.metrics",
    "dataset": "hyperforget.datasets",
}


class OwnFunction(Section):
    """A function of your own, beside the built-in ones."""

    file: FilePath | None = Field(
        None,
        description="Python file that defines the function, relative to the configuration file; without one, an "
        "installed package offers it as an entry point",
    )
    function: str | None = Field(
        None, description="its name in `file`; without one, the name that it has here, with `_` for `-`"
    )
    settings: dict[str, Any] = Field({}, description="keyword arguments that it is called with")

    def function_of(self, name: str) -> str:
        """What the function is called in its file, or as an entry point, of one that has a ``name`` here."""
        return self.function or (name.replace("-", "_") if self.file else name)

    def package(self, kind: Kind, name: str) -> str | None:
        """The package that offers the function, with its version; None of one in a file."""
        if self.file:
            return None
        return package_of(entry_points(kind)[self.function_of(name)])


class OwnMetric(OwnFunction):
    """A metric of your own, beside the built-in ones, and how the report tells of it."""

    sets: list[Literal["retain", "forget", "test"]] = Field(
        ["retain", "forget", "test"],
        min_length=1,
        description="images that it is measured on: those of retained classes, of forgotten ones, all test images",
    )
    title: str | None = Field(None, description="what tables call it; without one, its name")
    unit: str = Field("1", description="unit of its values")
    better: Literal["higher", "lower", "retrained"] = Field(
        "retrained", description="where good values lie; `retrained`: near those of retrained networks"
    )
    description: str | None = Field(None, description="what it means, in a sentence")


def own_dataset(dataset: DatasetConfig) -> OwnFunction:
    """The function of a dataset whose source is one."""
    return OwnFunction(file=dataset.file, function=dataset.function, settings=dataset.settings)


def entry_points(kind: Kind) -> dict[str, metadata.EntryPoint]:
    """The functions that installed packages offer, by name."""
    return {point.name: point for point in metadata.entry_points(group=GROUPS[kind])}


def package_of(point: metadata.EntryPoint) -> str:
    """The package that offers a function, with its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.module


def check_own(where: str, own: OwnFunction, name: str, kind: Kind) -> None:
    """Raise `UserError` for a function that is not there, as far as can be told without running any of it."""
    wanted = own.function_of(name)
    if own.file is not None:
        _check_file(where, own.file, wanted)
        return
    offered = entry_points(kind)
    if wanted not in offered:
        raise UserError(
            f"{where}.file is missing, and no installed package offers a {kind} {wanted!r} (entry points "
            f"{GROUPS[kind]}: {', '.join(offered) or 'none'}); allowed is a Python file"
            f"{nearest_choice(wanted, offered)}"
        )


def _check_file(where: str, file: str, function: str) -> None:
    path = Path(file)
    if not path.is_file():
        raise UserError(f"{where}.file is {file!r}, which is no file; allowed is a Python file")
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = f" on line {error.lineno}" if isinstance(error, SyntaxError) else ""
        told = error.msg if isinstance(error, SyntaxError) else error
        raise UserError(f"{where}.file is {file!r}, which is no Python{line}: {told}") from None
    except OSError as error:
        raise UserError(f"{where}.file is {file!r}, which cannot be read ({error.strerror})") from None
    defined = list(dict.fromkeys(_names(tree)))
    if function not in defined:
        raise UserError(
            f"{where}.function is {function!r}, which {file!r} does not define; it defines "
            f"{', '.join(defined) or 'nothing'}{nearest_choice(function, defined)}"
        )


def _names(tree: ast.Module) -> Iterator[str]:
    """What a module defines or imports at its top."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def beside(values: Mapping[str, Any], files: Iterable[tuple[Path, Mapping[str, Any]]]) -> dict[str, Any]:
    """The same keys and values, but with paths of Python files as seen from the working folder.

    In a configuration file such a path is relative to that file; ``files`` are these with what they hold. One that was
    given otherwise, on a command line, stays what it is.
    """
    found = dict(values)
    for file, held in files:
        found = _moved(found, held, file.parent, ())
    return found


def _moved(values: Mapping[str, Any], held: Mapping[str, Any], folder: Path, path: tuple[str, ...]) -> dict[str, Any]:
    found = dict(values)
    for key, own in held.items():
        inner, here = found.get(key), (*path, str(key))
        if isinstance(own, Mapping) and isinstance(inner, Mapping):
            found[key] = _moved(inner, own, folder, here)
        elif isinstance(own, str) and own == inner and _is_code(here) and not own.startswith("~"):
            found[key] = str(folder / own)
    return found


def _is_code(path: tuple[str, ...]) -> bool:
    of_function = len(path) == 3 and path[0] in ("methods", "metrics")
    of_dataset = len(path) == 4 and (path[0], path[2]) == ("tasks", "dataset")
    return (of_function or of_dataset) and path[-1] == "file"
