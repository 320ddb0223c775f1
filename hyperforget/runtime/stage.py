"""How a stage runs: the computation that determines its result, and the record of what it made.

A stage declares what it is told, which files it reads and which it writes (`interface`). What a store knows the result
of is not done again: the files are restored, before the module that does the work, and all that it imports, has to be
loaded.
"""

from __future__ import annotations

import argparse
import importlib
import json
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from hyperforget.errors import UserError, os_error_text
from hyperforget.runtime.device import describe, multiplies_in_bfloat16, set_up
from hyperforget.runtime.distributed import max_over_processes, process_count, process_rank, together
from hyperforget.runtime.environment import git_state, package_versions
from hyperforget.runtime.interface import Stage, each_job, files, given, module_of, name_of, parser
from hyperforget.runtime.memory import memory_told
from hyperforget.runtime.restored import RESTORED
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

    # What chooses the device by the settings and the number of threads.
    DeviceOf = Callable[[HardwareConfig, int], torch.device]

Spec = TypeVar("Spec", bound="Section")


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
    device_of: DeviceOf

    @cached_property
    def device(self) -> torch.device:
        """What to compute on; the first call sets torch up for it."""
        return self.device_of(self.hardware, self.threads)

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


def run_stage(name: str, stage: Stage, arguments: Sequence[str]) -> None:
    """Restore the outputs of a stage where the store knows the result, else do the work and record it.

    The function of a stage may return what it timed itself, seconds by name; the record keeps it as ``timed``, beside
    the seconds that the stage took in all, those before it was stopped among them. Of several processes that do the
    work together, the first one records it. Several jobs of one command line are restored, or done and recorded, one
    after another.
    """
    options = parser(name, stage).parse_args(arguments)
    # Every call of `set_up` would claim another GPU.
    device_of = cache(set_up)
    with together(), memory_told(name):
        for job in each_job(stage, options):
            _run(name, stage, job, device_of)


def _checked(argument: str, kind: type[Section], value: Any) -> Section:
    from pydantic import ValidationError

    try:
        return kind.model_validate_json(json.dumps(value))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"])) or kind.__name__
        raise UserError(f"argument {argument}: {where}: {fault['msg']}") from None


def computation_of(name: str, stage: Stage, options: argparse.Namespace) -> Computation:
    """What determines the result of a stage: its name, its other arguments, its spec, its code and its inputs."""
    return Computation(
        name,
        {name_of(argument): value for argument, value in given(options, stage.names).items()},
        options.spec,
        stage.code(name),
        {argument: _reference(path) for argument, path in files(options, stage.inputs).items()},
    )


def _run(name: str, stage: Stage, options: argparse.Namespace, device_of: DeviceOf) -> None:
    started, clock = datetime.now(UTC), time.monotonic()
    told, outputs = computation_of(name, stage, options), files(options, stage.outputs)
    if _is_known(stage, options, told, outputs):
        return
    spec = _checked("--spec", stage.spec_type, options.spec)
    computation = replace(told, spec=spec.model_dump(mode="json"))
    # Told by hand, a spec may leave out what has a default.
    if computation.id != told.id and _is_known(stage, options, computation, outputs):
        return
    if not stage.repeatable:
        computation = replace(computation, arguments={**computation.arguments, "started": started.isoformat()})
    job = _job(stage, options, spec, computation, device_of)
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


def _job(
    stage: Stage, options: argparse.Namespace, spec: Section, computation: Computation, device_of: DeviceOf
) -> Job[Section]:
    from hyperforget.config.hardware import HardwareConfig

    told = {**options.hardware, "device": "cpu"} if stage.light else options.hardware
    hardware = cast(HardwareConfig, _checked("--hardware", HardwareConfig, told))
    inputs, outputs = (
        {name_of(argument): paths for argument, paths in given(options, arguments).items()}
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
        device_of,
    )


def _is_known(stage: Stage, options: argparse.Namespace, computation: Computation, outputs: dict[str, Path]) -> bool:
    """Whether the result of a computation was in the store, and its outputs are there now."""
    if not (stage.repeatable and options.reuse):
        return False
    # The first process asks for all, so that they agree.
    known = max_over_processes(process_rank() == 0 and _restored(options.store, computation, outputs))
    if known and process_rank() == 0:
        print(f"{RESTORED}: computation {computation.id}, restored {len(outputs)} files")
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
