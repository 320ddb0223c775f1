"""Unfinished work: the state that a stopped stage goes on from, one file a computation, below ``unfinished``
of the store.

It is saved at an interval, and at once when the process is asked to end (Ctrl-C, or the signal that a batch system
sends before it takes a machine away). The state belongs to a computation: a setting changed meanwhile starts anew, and
changed back goes on. It is no output of a rule, since these are deleted before a rule is tried again.
"""

import contextlib
import hashlib
import json
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from hyperforget.errors import UserError, excerpt
from hyperforget.runtime.distributed import barrier, max_over_processes, process_count, process_rank
from hyperforget.store.files import sync

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = "unfinished"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LONGEST_SAVE_SECONDS = 3600.0
_LONGEST_REASON = 200

# Inode, time of modification in nanoseconds and size: another file in the place of one has others.
_Identity = tuple[int, int, int]


@dataclass(frozen=True)
class State:
    """What is needed to go on: ``tensors`` by name, and ``facts`` that JSON can hold."""

    tensors: "dict[str, Tensor]"
    facts: dict[str, Any] = field(default_factory=dict)


class Unfinished:
    """The place of one stage's state, and when to save it: every ``interval`` seconds.

    ``spent`` are the seconds of work behind the state that was loaded, 0 without one; they too are saved.
    """

    def __init__(self, path: Path, interval: float) -> None:
        self.path = path
        self.interval = interval
        self.spent = 0.0
        self._started = self._saved = time.monotonic()
        self._mine: _Identity | None = None  # of the file that this process has read or written last
        self._signal: int | None = None
        self._handlers: dict[int, Any] = {}

    def load(self) -> State | None:
        """The state that was saved last, or None; one that is not as it was saved is told, and counts as none."""
        self._mine = _identity(self.path)
        if self._mine is None:
            return None
        if self.path.is_dir():
            raise UserError(f"{self.path} is a folder, but unfinished work is to be saved there; move it away")
        try:
            state, self.spent = _read(self.path)
        except MemoryError:
            raise  # says nothing about the file
        except Exception as error:  # whatever a parser makes of altered bytes
            reason = excerpt(str(error), _LONGEST_REASON) or type(error).__name__
            print(f"starting anew: {self.path} is not what was saved ({reason})", file=sys.stderr)
            return None
        return state

    def due(self) -> bool:
        """Whether to save now. From the first call on, a request to end the process waits for the next one.

        Several processes that do a job together all ask at the same moment, and save, or end, if one of them is to.
        """
        if not self._handlers and self._signal is None:
            self._handlers = {number: signal.signal(number, self._stop) for number in _SIGNALS}
        wanted = max_over_processes(self._signal or int(time.monotonic() - self._saved >= self.interval))
        if wanted > 1:
            self._signal = wanted
        return wanted > 0

    def save(self, state: State) -> None:
        """Replace the saved state in one step; then leave the process if it was asked to end.

        Of several processes that do a job together, the first one writes.
        """
        if process_rank() == 0:
            self._write(state)
        self._saved = time.monotonic()
        if self._signal is None:
            return
        # None leaves before the state is there, since torchrun ends all processes when one has left.
        barrier()
        if process_rank() == 0:
            name = signal.Signals(self._signal).name
            print(
                f"stopped by {name}; what was done is saved, and the next run goes on from it",
                file=sys.stderr,
            )
        sys.exit(128 + self._signal)

    def _write(self, state: State) -> None:
        from safetensors.torch import save_file

        # A folder of its own, since safetensors too writes a file first that it then renames.
        staging = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex}.partial")
        staging.mkdir(parents=True)
        partial = staging / self.path.name
        try:
            tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.tensors.items()}
            spent = self.spent + time.monotonic() - self._started
            texts = {"facts": json.dumps(state.facts), "spent": json.dumps(spent)}
            save_file(tensors, partial, {**texts, "sha256": _digest(tensors, texts)})
            sync(partial)
            mine = _identity(partial)
            partial.replace(self.path)
            self._mine = mine
            sync(self.path.parent)
        finally:
            shutil.rmtree(staging)

    def close(self) -> None:
        """Forget the state, now that the work is done, and let signals end the process again.

        Others may do the same work in the same store: what they saved, or are saving, is theirs.
        """
        self.release()
        if self._mine is not None and _identity(self.path) == self._mine:
            self.path.unlink(missing_ok=True)
        # Of processes that were killed while they wrote.
        for staging in self.path.parent.glob(f".{self.path.name}.*.partial"):
            if _last_written(staging) < time.time() - _LONGEST_SAVE_SECONDS:
                shutil.rmtree(staging, ignore_errors=True)

    def release(self) -> None:
        """Let signals end the process again."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        # A second request does not wait. But torchrun repeats what a batch system has sent to all
        # processes already.
        if process_count() == 1:
            self.release()


def _read(path: Path) -> tuple[State, float]:
    """A saved state and the seconds behind it; raises any error if it is not what was saved."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        texts = dict(file.metadata() or {})
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if texts.pop("sha256", None) != _digest(tensors, texts):
        raise ValueError("its bytes have another digest")
    return State(tensors, json.loads(texts["facts"])), json.loads(texts["spent"])


def _digest(tensors: "Mapping[str, Tensor]", texts: Mapping[str, str]) -> str:
    """SHA-256 of all that a state holds: names, dtypes, shapes and bytes of tensors on the CPU, and texts."""
    import torch

    layout = [[name, str(tensor.dtype), list(tensor.shape)] for name, tensor in sorted(tensors.items())]
    found = hashlib.sha256(json.dumps([layout, sorted(texts.items())]).encode())
    for _, tensor in sorted(tensors.items()):
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _identity(path: Path) -> _Identity | None:
    """What tells a file from others that take its place; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _last_written(folder: Path) -> float:
    """Seconds since the epoch when something in a folder was last written to; 0 if it is gone."""
    times = [0.0]
    for path in (folder, *folder.glob("*")):
        with contextlib.suppress(FileNotFoundError):
            times.append(path.lstat().st_mtime)
    return max(times)
