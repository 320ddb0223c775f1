"""Work that goes on where it was stopped: the states of unfinished parts and the results of finished pieces.

A stopped job is started again from its beginning, with the same seeds. It takes the same way through the code: a piece
that was finished is not computed again, and a part that was under way goes on from the state that was saved of it.
Each is known by its path, the names of all that it lies in, each with how often its like was entered there before.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hyperforget.runtime.distributed import process_rank
from hyperforget.runtime.saved_state import State, Unfinished

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass
class _Place:
    """A part or piece that the work is in; ``entered`` counts by name what was left again inside of it."""

    path: str
    state: Callable[[], State] | None = None
    entered: Counter[str] = field(default_factory=Counter)

    def inside(self, name: str) -> str:
        return f"{self.path}/{name}:{self.entered[name]}".removeprefix("/")


class Resuming:
    """What a job goes on from, and where in it the work is at present; without ``unfinished`` nothing is saved."""

    def __init__(self, unfinished: Unfinished | None = None) -> None:
        self._unfinished = unfinished
        self._places = [_Place("")]
        self._loaded: dict[str, State] | None = None
        self._pieces: dict[str, dict[str, Tensor]] = {}

    @contextmanager
    def part(self, name: str, state: Callable[[], State]) -> Iterator[State | None]:
        """Enter a part of the work; gives the state that it was in when the job was stopped, None where it begins.

        ``state`` tells the part's present state, whenever work inside it saves. A fact ``done`` is how many of what
        ``name`` says were done. Facts survive JSON, names have no slash, and no two tensors share memory.
        """
        if self._unfinished is None:
            yield None
            return
        with self._entered(name, state) as place:
            loaded = self._load().pop(place.path, None)
            if loaded is not None:
                place.entered.update(loaded.facts["entered"])
                loaded = State(loaded.tensors, loaded.facts["own"])
            yield loaded

    def remember(
        self, name: str, compute: "Callable[[], Tensor]", generator: "torch.Generator | None" = None
    ) -> "Tensor":
        """The result of ``compute()``, from memory where the job had it before it was stopped.

        ``generator`` is what the piece draws its random numbers from: it is left as the piece left it. The result lies
        on the CPU. What was remembered inside the piece is forgotten when it is finished.
        """
        if self._unfinished is None:
            return compute()
        self._load()
        with self._entered(name) as place:
            if place.path not in self._pieces:
                self.save_if_due()
                piece = {"result": compute()}
                if generator is not None:
                    piece["generator"] = generator.get_state()
                inside = [path for path in self._pieces if path.startswith(f"{place.path}/")]
                for path in inside:
                    del self._pieces[path]
                self._pieces[place.path] = piece
            piece = self._pieces[place.path]
            if generator is not None:
                generator.set_state(piece["generator"])
            return piece["result"]

    def save_if_due(self) -> None:
        """Save all that the job has and the parts that it is in, if it is time to, and stop if that was asked for.

        To be called at the beginning of a loop's step: what is saved then has a step to go on with.
        """
        if self._unfinished is None or not self._unfinished.due():
            return
        tensors = {
            f"{path}/{name}": value for path, piece in self._pieces.items() for name, value in piece.items()
        }
        facts: dict[str, object] = dict.fromkeys(self._pieces)
        for place in self._places:
            if place.state is not None:
                present = place.state()
                tensors |= {f"{place.path}/{name}": tensor for name, tensor in present.tensors.items()}
                facts[place.path] = {"own": present.facts, "entered": place.entered}
        self._unfinished.save(State(tensors, facts))

    @contextmanager
    def _entered(self, name: str, state: Callable[[], State] | None = None) -> Iterator[_Place]:
        around = self._places[-1]
        self._places.append(_Place(around.inside(name), state))
        try:
            yield self._places[-1]
        finally:
            self._places.pop()
            around.entered[name] += 1
            if len(self._places) == 1 and self._unfinished is not None:
                self._unfinished.release()

    def _load(self) -> dict[str, State]:
        """The states of unfinished parts that the job has not come to yet, by path; pieces are kept apart."""
        if self._loaded is not None or self._unfinished is None:
            return self._loaded or {}
        saved, self._loaded = self._unfinished.load(), {}
        if saved is None:
            return self._loaded
        tensors: dict[str, dict[str, Tensor]] = {path: {} for path in saved.facts}
        for key, tensor in saved.tensors.items():
            path, _, name = key.rpartition("/")
            tensors[path][name] = tensor
        self._pieces = {path: tensors[path] for path, facts in saved.facts.items() if facts is None}
        self._loaded = {path: State(tensors[path], facts) for path, facts in saved.facts.items() if facts}
        counts = Counter(_name(path) for path in self._pieces)
        for path, part in self._loaded.items():
            if "done" in part.facts["own"]:
                counts[_name(path)] += part.facts["own"]["done"]
        if process_rank() == 0:
            where = ", ".join(f"{name} {count}" for name, count in counts.items()) or "its beginning"
            print(f"resumed at {where}", file=sys.stderr)
        return self._loaded


def _name(path: str) -> str:
    """The last name of a path, such as ``step`` of ``run:0/step:3``."""
    return path.rpartition("/")[2].rpartition(":")[0]


# For work that is begun anew each time.
NOT_RESUMING = Resuming()
