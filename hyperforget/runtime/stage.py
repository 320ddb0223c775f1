"""How a stage runs: its arguments, the recipe that determines its result, and the record of what it made.

A stage declares which of its arguments are files that it reads and which are files that it writes. A recipe that the
store knows is then not run again: its files are restored. For that lookup to cost little, a stage imports what it
works with (torch above all) inside its work function.

A stage that ``computes`` is given a device, ``options.device``, and a place for the state that it resumes from when it
was stopped, ``options.unfinished``. One that is ``light``, since it only measures and compares, is given the CPU: it
leaves GPUs to those that need them, and computes in double precision, which not every device does.
"""

import argparse
import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hyperforget.config.hardware import HardwareConfig
from hyperforget.errors import UserError
from hyperforget.runtime import device as hardware
from hyperforget.runtime.code_digest import code_digest
from hyperforget.runtime.distributed import greatest, process_rank, together
from hyperforget.runtime.environment import git_state, package_versions
from hyperforget.runtime.saved_state import FOLDER, Unfinished
from hyperforget.store.computations import Computation, FileRef
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store

_NOT_IN_RECIPE = ("spec", "store", "threads", "hardware", "reuse")


class StageParser(argparse.ArgumentParser):
    """An argument parser that knows which arguments are input files and which are output files.

    Every stage is given ``--spec`` (its slice of the configuration, JSON), ``--store``, ``--threads`` and
    ``--hardware`` (JSON); a stage that ``computes`` with torch uses the latter two.
    """

    def __init__(self, description: str | None, *, computes: bool = False, light: bool = False) -> None:
        super().__init__(description=description)
        self.computes = computes
        self.light = light
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        self.add_argument(
            "--spec", type=json.loads, default={}, help="the stage's slice of the configuration, JSON"
        )
        self.add_argument(
            "--store", type=lambda path: Store(Path(path)), required=True, help="folder of the artifact store"
        )
        self.add_argument("--threads", type=int, default=1, help="threads of torch")
        self.add_argument(
            "--hardware",
            type=lambda text: HardwareConfig.model_validate_json(text),
            default=HardwareConfig(),
            help="what to compute on, JSON",
        )
        self.add_argument(
            "--no-reuse",
            dest="reuse",
            action="store_false",
            help="run although the store knows the result, and compare with it",
        )

    def add_input(self, name: str, **options: Any) -> None:
        """An argument that is a file, or with ``nargs`` several files, that the stage reads."""
        self.inputs.append(self._add_file(name, options))

    def add_output(self, name: str, **options: Any) -> None:
        """An argument that is a file, or with ``nargs`` several files, that the stage writes."""
        self.outputs.append(self._add_file(name, options))

    def _add_file(self, name: str, options: dict[str, Any]) -> str:
        options.setdefault("required", True)
        return self.add_argument(name, type=Path, **options).dest

    def recipe(self, stage: str, options: argparse.Namespace) -> Computation:
        """What determines the stage's result: its name, its other arguments, its spec, its code and its inputs."""
        files = {*self.inputs, *self.outputs, *_NOT_IN_RECIPE}
        arguments = {
            name: " ".join(value) if isinstance(value, list) else str(value)
            for name, value in sorted(vars(options).items())
            if name not in files and value is not None
        }
        inputs = {name: _reference(path) for name, path in _files(options, self.inputs).items()}
        return Computation(stage, arguments, options.spec, code_digest(f"hyperforget.stages.{stage}"), inputs)

    def output_files(self, options: argparse.Namespace) -> dict[str, Path]:
        """The files that the stage writes, by argument."""
        return _files(options, self.outputs)


def stage_main(
    stage: str,
    parser: StageParser,
    work: Callable[[argparse.Namespace], Mapping[str, float] | None],
    arguments: list[str] | None = None,
    *,
    repeatable: bool = True,
) -> None:
    """Parse ``arguments``; restore the stage's outputs where its recipe is known, else do the work and record it.

    ``work`` may return what it timed itself, seconds by name; the record keeps it as ``timed``, beside the
    seconds that the stage took in all, those before it was stopped among them. A stage that is not
    ``repeatable``, since it also tells when and where it ran, is always done anew; the time is then part of its
    recipe. Of several processes that do the work together, the first one records it.
    """
    options = parser.parse_args(arguments)
    with together():
        _run(stage, parser, work, options, repeatable)


def _run(
    stage: str,
    parser: StageParser,
    work: Callable[[argparse.Namespace], Mapping[str, float] | None],
    options: argparse.Namespace,
    repeatable: bool,
) -> None:
    started, clock = datetime.now(UTC), time.monotonic()
    recipe = parser.recipe(stage, options)
    outputs = parser.output_files(options)
    if not repeatable:
        recipe = replace(recipe, arguments={**recipe.arguments, "started": started.isoformat()})
    # The first process asks for all, so that they agree.
    elif options.reuse and greatest(process_rank() == 0 and _restored(options.store, recipe, outputs)):
        if process_rank() == 0:
            print(f"known result: recipe {recipe.id}, restored {len(outputs)} files")
        return
    for path in outputs.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    if parser.computes:
        chosen = options.hardware.model_copy(update={"device": "cpu"}) if parser.light else options.hardware
        options.device = hardware.set_up(chosen, options.threads)
        options.unfinished = Unfinished(
            options.store.root / FOLDER / f"{recipe.id}.safetensors", options.hardware.save_every
        )
    timed = work(options)
    if process_rank():
        return
    seconds = time.monotonic() - clock + (options.unfinished.spent if parser.computes else 0)
    git = git_state(Path(__file__).parent)
    provenance = {
        "time": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "timed": {name: round(seconds, 4) for name, seconds in (timed or {}).items()},
        "host": socket.gethostname(),
        "versions": dict(package_versions()),
        "git": None if git is None else asdict(git),
        "threads": options.threads,
        "device": hardware.describe(options.device) if parser.computes else None,
    }
    options.store.record(recipe, outputs, provenance)
    if parser.computes:
        options.unfinished.close()


def _restored(store: Store, recipe: Computation, outputs: dict[str, Path]) -> bool:
    """Whether the store knew the result and all of it was undamaged, so that the outputs are there now."""
    found = store.look_up(recipe)
    if found is None:
        return False
    try:
        store.restore(found, outputs)
    except (MissingObjectError, CorruptObjectError) as error:
        print(f"made again: {error}")
        return False
    return True


def _reference(path: Path) -> FileRef:
    if not path.is_file():
        raise UserError(f"{path} is missing; run the stage that makes it")
    return FileRef(path.as_posix(), file_digest(path))


def _files(options: argparse.Namespace, names: list[str]) -> dict[str, Path]:
    """Paths by argument; several of one argument are numbered."""
    found: dict[str, Path] = {}
    for name in names:
        value = getattr(options, name)
        if isinstance(value, list):
            found |= {f"{name}.{index}": path for index, path in enumerate(value)}
        elif value is not None:
            found[name] = value
    return found
