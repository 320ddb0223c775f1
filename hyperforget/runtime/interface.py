"""The interface of a stage, and the command line that follows from it."""

from __future__ import annotations

import argparse
import hashlib
import json
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperforget.errors import UserError
from hyperforget.runtime.code_digest import code_digest
from hyperforget.store.store import Store

# Pydantic takes longer to load than a known result to restore.
if TYPE_CHECKING:
    from hyperforget.config.base import Section

_MANY, _OPTIONAL = "*", "?"


@dataclass(frozen=True)
class Stage:
    """The interface of a stage.

    ``spec`` names the model of what it is told, ``module:class``, ``names`` are the arguments that tell its jobs apart,
    ``inputs`` and ``outputs`` those that are files. One that ends in ``*`` is several files, one in ``?`` may be left
    out, one in ``*?`` both.

    A stage ``computes`` on a device, and can go on where it was stopped. One that is ``light``, since it only
    measures and compares, is given the CPU: it leaves GPUs to those that need them, and computes in double precision,
    which not every device does. A stage that is not ``repeatable``, since it also tells when and where it ran, is
    done anew each time.

    Of the arguments in ``each`` one command line may give several values, one a job: a process does all of them one
    after another, where starting it would take longer than the work. Each is known, and recorded, by itself.
    """

    description: str
    spec: str = "hyperforget.config.base:Section"
    names: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    computes: bool = False
    light: bool = False
    repeatable: bool = True
    each: tuple[str, ...] = ()

    @property
    def spec_type(self) -> type[Section]:
        """The model of what the stage is told; one without fields if it is told nothing."""
        model: type[Section] = pkgutil.resolve_name(self.spec)
        return model

    def code(self, name: str) -> str:
        """Digest of the code that the stage of that name runs, and of how it is called; 16 hexadecimal digits."""
        interface = repr(replace(self, description="", spec=""))
        return hashlib.sha256(f"{code_digest(module_of(name))} {interface}".encode()).hexdigest()[:16]


def module_of(stage: str) -> str:
    """The module of a stage, whose function ``run`` does its work."""
    return f"hyperforget.stages.{stage}"


def parser(name: str, stage: Stage) -> argparse.ArgumentParser:
    """The command line of a stage."""
    made = argparse.ArgumentParser(f"python -m hyperforget.stages {name}", description=stage.description)
    made.add_argument("--spec", type=_json, default={}, help="its slice of the configuration, JSON")
    made.add_argument(
        "--store", type=lambda path: Store(Path(path)), required=True, help="folder of the artifact store"
    )
    made.add_argument("--threads", type=int, default=1, help="threads of torch")
    made.add_argument("--hardware", type=_json, default={}, help="what to compute on, JSON")
    made.add_argument(
        "--no-reuse",
        dest="reuse",
        action="store_false",
        help="run although the store knows the result, and compare with it",
    )
    for argument in (*stage.names, *stage.inputs, *stage.outputs):
        made.add_argument(
            f"--{name_of(argument).replace('_', '-')}",
            type=str if argument in stage.names else Path,
            nargs=_count(stage, argument),
            required=not argument.endswith(_OPTIONAL),
        )
    return made


def _count(stage: Stage, argument: str) -> str | int | None:
    """How many values an argument takes, as `argparse` says it."""
    if argument in stage.each or _MANY in argument:
        return "+"
    return None if argument in stage.names else 1


def each_job(stage: Stage, options: argparse.Namespace) -> Iterator[argparse.Namespace]:
    """The options of each job of a command line; raises `UserError` for arguments of fewer jobs than others."""
    if not stage.each:
        yield options
        return
    values = {argument: getattr(options, argument) for argument in stage.each}
    first, *others = values
    for other in others:
        if len(values[other]) != len(values[first]):
            raise UserError(
                f"argument --{other} has {len(values[other])} values, but --{first} has {len(values[first])}; allowed "
                "are as many, one a job"
            )
    for own in zip(*values.values(), strict=True):
        told = {name: value if name in stage.names else [value] for name, value in zip(values, own, strict=True)}
        yield argparse.Namespace(**{**vars(options), **told})


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"invalid JSON: {error}") from None


def name_of(argument: str) -> str:
    """An argument without the mark of how often it is given."""
    return argument.rstrip(_MANY + _OPTIONAL)


def given(options: argparse.Namespace, arguments: Sequence[str]) -> dict[str, Any]:
    """The values of those arguments that were not left out."""
    values = {argument: getattr(options, name_of(argument)) for argument in arguments}
    return {argument: value for argument, value in values.items() if value is not None}


def files(options: argparse.Namespace, arguments: Sequence[str]) -> dict[str, Path]:
    """Paths by argument; those of an argument that may have several are numbered."""
    return {
        f"{name_of(argument)}.{index}" if _MANY in argument else name_of(argument): path
        for argument, paths in given(options, arguments).items()
        for index, path in enumerate(paths)
    }
