"""How a stage runs: its command line, the computation that determines its result, and the record of what it made.

A stage declares what it is told, which files it reads and which it writes. What a store knows the result of is not done
again: the files are restored, before the module that does the work, and all that it imports, has to be loaded.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import pkgutil
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from hyperforget.errors import UserError, os_error_text
from hyperforget.runtime.code_digest import code_digest
from hyperforget.runtime.device import describe, multiplies_in_bfloat16, set_up
from hyperforget.runtime.distributed import max_over_processes, process_count, process_rank, together
from hyperforget.runtime.environment import git_state, package_versions
from hyperforget.runtime.memory import memory_told
from hyperforget.runtime.resuming import Resuming
from hyperforget.runtime.saved_state import FOLDER, Unfinished
from hyperforget.store.computations import Computation, FileRef
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.files import can_write, file_digest
from hyperforget.store.store import Store

# Pydantic takes longer to load than a known result to restore.
if TYPE_CHECKING:
    import torch

    from hyperforget.config.base import Section
    from hyperforget.config.hardware import HardwareConfig

Spec = TypeVar("Spec", bound="Section")
_MANY, _OPTIONAL = "*", "?"


@dataclass(frozen=True)
class Stage:
    """The interface of a stage.

    ``spec`` names the model of what it is told, ``module:class``, ``names`` are the arguments that tell its jobs apart,
    ``inputs`` and ``outputs`` those that are files. One that ends in ``*`` is several files, one in ``?`` may be left
    out.

    A stage ``computes`` on a device, and can go on where it was stopped. One that is ``light``, since it only
    measures and compares, is given the CPU: it leaves GPUs to those that need them, and computes in double precision,
    which not every device does. A stage that is not ``repeatable``, since it also tells when and where it ran, is
    done anew each time.
    """

    description: str
    spec: str = "hyperforget.config.base:Section"
    names: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    computes: bool = False
    light: bool = False
    repeatable: bool = True

    @property
    def spec_type(self) -> type[Section]:
        """The model of what the stage is told; one without fields if it is told nothing."""
        model: type[Section] = pkgutil.resolve_name(self.spec)
        return model

    def code(self, name: str) -> str:
        """Digest of the code that the stage of that name runs, and of how it is called; 16 hexadecimal digits."""
        interface = repr(replace(self, description="", spec=""))
        return hashlib.sha256(f"{code_digest(module_of(name))} {interface}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Job(Generic[Spec]):
    """What the function of a stage is given: what it is told, its files by argument, and what it works with."""

    spec: Spec
    names: Mapping[str, str]
    inputs: Mapping[str, Sequence[Path]]
    outputs: Mapping[str, Sequence[Path]]
    store: Store
    hardware: HardwareConfig
    threads: int
    unfinished: Unfinished

    @cached_property
    def device(self) -> torch.device:
        """What to compute on; the first call sets torch up for it."""
        return set_up(self.hardware, self.threads)

    def input(self, name: str) -> Path:
        """The one file of an argument."""
        (path,) = self.inputs[name]
        return path

    def output(self, name: str) -> Path:
        """The one file of an argument."""
        (path,) = self.outputs[name]
        return path

    @property
    def resuming(self) -> Resuming:
        """What the work goes on from if it was stopped before."""
        return Resuming(self.unfinished)


def module_of(stage: str) -> str:
    """The module of a stage, whose function ``run`` does its work."""
    return f"hyperforget.stages.{stage}"


def run_stage(name: str, stage: Stage, arguments: Sequence[str]) -> None:
    """Restore the outputs of a stage where the store knows the result, else do the work and record it.

    The function of a stage may return what it timed itself, seconds by name; the record keeps it as ``timed``, beside
    the seconds that the stage took in all, those before it was stopped among them. Of several processes that do the
    work together, the first one records it.
    """
    options = parser(name, stage).parse_args(arguments)
    with together(), memory_told(name):
        _run(name, stage, options)


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
            f"--{_name(argument).replace('_', '-')}",
            type=str if argument in stage.names else Path,
            nargs=None if argument in stage.names else "+" if argument.endswith(_MANY) else 1,
            required=not argument.endswith(_OPTIONAL),
        )
    return made


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"invalid JSON: {error}") from None


def _checked(argument: str, kind: type[Section], value: Any) -> Section:
    from pydantic import ValidationError

    try:
        return kind.model_validate_json(json.dumps(value))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"])) or kind.__name__
        raise UserError(f"argument {argument}: {where}: {fault['msg']}") from None


def _name(argument: str) -> str:
    return argument.rstrip(_MANY + _OPTIONAL)


def _given(options: argparse.Namespace, arguments: Sequence[str]) -> dict[str, Any]:
    """The values of those arguments that were not left out."""
    values = {argument: getattr(options, _name(argument)) for argument in arguments}
    return {argument: value for argument, value in values.items() if value is not None}


def _files(options: argparse.Namespace, arguments: Sequence[str]) -> dict[str, Path]:
    """Paths by argument; those of an argument that may have several are numbered."""
    return {
        f"{_name(argument)}.{index}" if argument.endswith(_MANY) else _name(argument): path
        for argument, paths in _given(options, arguments).items()
        for index, path in enumerate(paths)
    }


def computation_of(name: str, stage: Stage, options: argparse.Namespace) -> Computation:
    """What determines the result of a stage: its name, its other arguments, its spec, its code and its inputs."""
    return Computation(
        name,
        {_name(argument): value for argument, value in _given(options, stage.names).items()},
        options.spec,
        stage.code(name),
        {argument: _reference(path) for argument, path in _files(options, stage.inputs).items()},
    )


def _run(name: str, stage: Stage, options: argparse.Namespace) -> None:
    started, clock = datetime.now(UTC), time.monotonic()
    told, outputs = computation_of(name, stage, options), _files(options, stage.outputs)
    if _is_known(stage, options, told, outputs):
        return
    spec = _checked("--spec", stage.spec_type, options.spec)
    computation = replace(told, spec=spec.model_dump(mode="json"))
    # Told by hand, a spec may leave out what has a default.
    if computation.id != told.id and _is_known(stage, options, computation, outputs):
        return
    if not stage.repeatable:
        computation = replace(computation, arguments={**computation.arguments, "started": started.isoformat()})
    job = _job(stage, options, spec, computation)
    _expect_writable(options.store, outputs.values())
    machine = _machine(stage, job)
    timed = importlib.import_module(module_of(name)).run(job)
    if process_rank():
        return
    git = git_state(Path(__file__).parents[1])
    provenance = {
        "time": started.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - clock + job.unfinished.spent, 3),
        "timed": {name: round(seconds, 4) for name, seconds in (timed or {}).items()},
        "host": socket.gethostname(),
        "versions": dict(package_versions()),
        "git": None if git is None else asdict(git),
        **machine,
    }
    options.store.record(computation, outputs, provenance)
    job.unfinished.close()


def _machine(stage: Stage, job: Job[Section]) -> dict[str, Any]:
    """What a result was computed on, by which its last bits may differ; ``precision`` is that of `auto`."""
    precision = {True: "bfloat16", False: "float32"}
    return {
        "threads": job.threads,
        "processes": process_count(),
        "device": describe(job.device) if stage.computes else None,
        "precision": precision[multiplies_in_bfloat16(job.device)] if stage.computes else None,
        "hardware": job.hardware.model_dump(mode="json", exclude={"device", "processes", "save_every"}),
    }


def _job(stage: Stage, options: argparse.Namespace, spec: Section, computation: Computation) -> Job[Section]:
    from hyperforget.config.hardware import HardwareConfig

    told = {**options.hardware, "device": "cpu"} if stage.light else options.hardware
    hardware = cast(HardwareConfig, _checked("--hardware", HardwareConfig, told))
    inputs, outputs = (
        {_name(argument): paths for argument, paths in _given(options, arguments).items()}
        for arguments in (stage.inputs, stage.outputs)
    )
    unfinished = Unfinished(options.store.root / FOLDER / f"{computation.id}.safetensors", hardware.save_every)
    return Job(
        spec,
        computation.arguments,
        inputs,
        outputs,
        options.store,
        hardware,
        options.threads,
        unfinished,
    )


def _is_known(stage: Stage, options: argparse.Namespace, computation: Computation, outputs: dict[str, Path]) -> bool:
    """Whether the result of a computation was in the store, and its outputs are there now."""
    if not (stage.repeatable and options.reuse):
        return False
    # The first process asks for all, so that they agree.
    known = max_over_processes(process_rank() == 0 and _restored(options.store, computation, outputs))
    if known and process_rank() == 0:
        print(f"known result: computation {computation.id}, restored {len(outputs)} files")
    return bool(known)


def _restored(store: Store, computation: Computation, outputs: dict[str, Path]) -> bool:
    """Whether the store knew the result and all of it was undamaged, so that the outputs are there now."""
    known = store.look_up(computation)
    if known is None:
        return False
    try:
        store.restore(known, outputs)
    except (MissingObjectError, CorruptObjectError) as error:
        problem, _, _ = str(error).partition(";")
        print(f"made again: {problem}")
        return False
    return True


def _expect_writable(store: Store, outputs: Iterable[Path]) -> None:
    """Make the folders that a stage writes to; raises `UserError`, before any work, where it cannot."""
    store.expect_writable()
    for path in outputs:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"no folder can be made for output {path} ({os_error_text(error)})") from None
        if not can_write(path.parent):
            raise UserError(f"output {path} cannot be written: give the right to write to its folder")
        if path.is_dir():
            raise UserError(f"output {path} is a folder; move it away")


def _reference(path: Path) -> FileRef:
    if not path.is_file():
        raise UserError(f"{path} is missing; run the workflow, which makes it")
    return FileRef(path.as_posix(), file_digest(path))
