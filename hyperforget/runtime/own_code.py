"""Loading and calling functions of the user's own, whose faults are told in one sentence.

Where the fault lies in the function the traceback stands before the sentence, on standard error, which is the log of a
job.
"""

import importlib.machinery
import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hyperforget.config.own_code import Kind, entry_points, package_of
from hyperforget.errors import UserError, excerpt, nearest_choice

_LONGEST_REASON = 200


@dataclass(frozen=True)
class OwnCode:
    """A ``function`` with keyword arguments ``settings``, that a message calls ``name``."""

    name: str
    function: Callable[..., Any]
    settings: Mapping[str, Any]

    def __call__(self, *given: Any) -> Any:
        """What the function returns; raises `UserError` for whatever it raises."""
        try:
            return self.function(*given, **self.settings)
        except Exception as error:
            _print_traceback()
            raise UserError(f"{self.name} failed with {_reason(error)}") from None

    def fault(self, what: str) -> UserError:
        """The error for what a function returned or did, the end of a sentence that names it."""
        return UserError(f"{self.name} {what}")


@dataclass(frozen=True)
class Whereabouts:
    """Where a function lies: in a ``file``, or in an installed ``package``, by its name and version."""

    function: str
    file: Path | None = None
    package: str | None = None


def load_own(kind: Kind, place: Whereabouts, settings: Mapping[str, Any]) -> OwnCode:
    """The function there. Raises `UserError` where it is not, cannot be imported, or is of another version."""
    function, file = place.function, place.file
    if file is not None:
        name = f"the {kind} {function!r} of {str(file)!r}"
        return OwnCode(name, _called(name, _imported(name, file), function), settings)
    offered = entry_points(kind)
    if function not in offered:
        raise UserError(
            f"no installed package offers a {kind} {function!r}; there are {', '.join(offered) or 'none'}"
            f"{nearest_choice(function, offered)}"
        )
    point = offered[function]
    if place.package not in (None, package_of(point)):
        raise UserError(
            f"the {kind} {function!r} was planned with {place.package}, but {package_of(point)} is installed here; "
            "install that version, or start the run again"
        )
    name = f"the {kind} {function!r} of the package {point.value!r}"
    return OwnCode(name, _guarded(name, point.load), settings)


def _imported(name: str, file: Path) -> Any:
    """The module that a file defines, of which nothing is kept beside it."""
    module_name = f"own_code_{file.stem}"
    loader = importlib.machinery.SourceFileLoader(module_name, str(file))
    spec = importlib.util.spec_from_loader(module_name, loader)
    if spec is None:
        raise UserError(f"{name} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # Data classes look for their own module there.
    sys.modules[module_name] = module
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        _guarded(name, lambda: loader.exec_module(module))
    finally:
        sys.dont_write_bytecode = kept
    return module


def _called(name: str, module: Any, function: str) -> Callable[..., Any]:
    found: Callable[..., Any] | None = getattr(module, function, None)
    if found is None or not callable(found):
        defined = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UserError(
            f"{name} is not there, or no function; the file defines {', '.join(defined) or 'none'}"
            f"{nearest_choice(function, defined)}"
        )
    return found


def _guarded(name: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except Exception as error:
        _print_traceback()
        raise UserError(f"{name} cannot be imported: {_reason(error)}") from None


def _print_traceback() -> None:
    traceback.print_exc(file=sys.stderr)


def _reason(error: Exception) -> str:
    text = excerpt(" ".join(str(error).split()), _LONGEST_REASON)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
