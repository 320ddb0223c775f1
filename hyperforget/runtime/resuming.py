"""Loops inside loops that go on where they were stopped: their states are saved together, and each finds its own again.

A stopped run is started again from its beginning, with the same seeds. It takes the same way through the code, and
where it comes to a part whose state was saved, it goes on from that.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hyperforget.runtime.distributed import process_rank
from hyperforget.runtime.saved_state import State, Unfinished

if TYPE_CHECKING:
    from torch import Tensor


class Resumable:
    """The parts that a stage is in at present, the outermost first; without ``unfinished`` none is saved or found."""

    def __init__(self, unfinished: Unfinished | None = None) -> None:
        self._unfinished = unfinished
        self._parts: list[tuple[str, Callable[[], State]]] = []
        self._found: dict[str, State] | None = None

    @contextmanager
    def part(self, name: str, state: Callable[[], State]) -> Iterator[State | None]:
        """Enter a part of the work; gives the state that it was in when the run was stopped, None where it begins.

        ``state`` tells the part's present state, whenever work inside it saves. A fact ``done`` is how many of
        what ``name`` says were done. Facts survive JSON, names have no slash, and no two tensors share memory.
        """
        if self._unfinished is None:
            yield None
            return
        if self._found is None:
            self._found = self._load(self._unfinished)
        self._parts.append((name, state))
        try:
            yield self._found.pop(self._path(len(self._parts)), None)
        finally:
            self._parts.pop()
            if not self._parts:
                self._unfinished.release()

    def save_if_due(self) -> None:
        """Save the state of all parts that the work is in, if it is time to, and stop if that was asked for.

        To be called at the beginning of a loop's step: what is saved then has a step to go on with.
        """
        if self._unfinished is None or not self._unfinished.due():
            return
        tensors: dict[str, Tensor] = {}
        facts = {}
        for depth, (_, state) in enumerate(self._parts, start=1):
            path, present = self._path(depth), state()
            tensors |= {f"{path}/{name}": tensor for name, tensor in present.tensors.items()}
            facts[path] = present.facts
        self._unfinished.save(State(tensors, facts))

    def _path(self, depth: int) -> str:
        return "/".join(name for name, _ in self._parts[:depth])

    @staticmethod
    def _load(unfinished: Unfinished) -> dict[str, State]:
        state = unfinished.load()
        if state is None:
            return {}
        found = {path: State({}, facts) for path, facts in state.facts.items()}
        for key, tensor in state.tensors.items():
            path, _, name = key.rpartition("/")
            found[path].tensors[name] = tensor
        where = ", ".join(
            f"{path.rpartition('/')[2]} {part.facts['done']}"
            for path, part in found.items()
            if "done" in part.facts
        )
        if process_rank() == 0:
            print(f"resumed at {where}", file=sys.stderr)
        return found


# For work that is begun anew each time.
NOT_RESUMABLE = Resumable()
