"""Work that goes on where it was stopped: states of unfinished parts, and results that are remembered.

A stopped job is started again from its beginning, with the same seeds. It takes the same way through the code:
a result that it had is not computed again, and a part that was under way goes on from its saved state. Each is
known by its path: the names of all that it lies in, each with how often its like was entered there before,
such as ``run:0/step:3/``.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hyperforget.runtime.distributed import process_rank
from hyperforget.runtime.saved_state import State, Unfinished

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# A path, and how often each name was entered and left again inside of it.
_Place = tuple[str, Counter[str]]


class Resuming:
    """What a job goes on from, and where in it the work is; without ``unfinished`` nothing is saved."""

    def __init__(self, unfinished: Unfinished | None = None) -> None:
        self._unfinished = unfinished
        self._places: list[_Place] = [("", Counter())]
        self._parts: list[tuple[_Place, Callable[[], State]]] = []
        self._results: dict[str, dict[str, Tensor]] = {}
        self._states: dict[str, State] | None = None

    @contextmanager
    def part(self, name: str, state: Callable[[], State]) -> Iterator[State | None]:
        """Enter a part of the work; gives the state that it was saved in, or None where it begins.

        ``state`` tells the part's present state, whenever work inside it saves. A fact ``done`` is how many of what
        ``name`` says were done. Facts survive JSON, names have no slash, and no two tensors share memory.
        """
        if self._unfinished is None:
            yield None
            return
        with self._entered(name, self._unfinished) as (place, states):
            saved = states.pop(place[0], None)
            if saved is not None:
                place[1].update(saved.facts.pop("entered"))
            self._parts.append((place, state))
            try:
                yield saved
            finally:
                self._parts.pop()

    def remember(
        self, name: str, compute: "Callable[[], Tensor]", generator: "torch.Generator | None" = None
    ) -> "Tensor":
        """What ``compute()`` gives, a tensor on the CPU; remembered when the job is stopped and goes on.

        ``generator`` is what it draws its random numbers from, and is left as ``compute`` leaves it. What was
        remembered inside of ``compute`` is then forgotten.
        """
        if self._unfinished is None:
            return compute()
        with self._entered(name, self._unfinished) as ((path, _), _):
            if path not in self._results:
                self.save_if_due()
                result = {"result": compute()}
                if generator is not None:
                    result["generator"] = generator.get_state()
                kept = {other: each for other, each in self._results.items() if not other.startswith(path)}
                self._results = kept | {path: result}
            elif generator is not None:
                generator.set_state(self._results[path]["generator"])
            return self._results[path]["result"]

    def save_if_due(self) -> None:
        """Save all results and the states of present parts, if it is time to, and stop if that was asked for.

        To be called at the beginning of a loop's step: what is saved then has a step to go on with.
        """
        if self._unfinished is None or not self._unfinished.due():
            return
        tensors = {path + name: each for path, result in self._results.items() for name, each in result.items()}
        facts: dict[str, object] = dict.fromkeys(self._results)
        for (path, entered), state in self._parts:
            present = state()
            tensors |= {path + name: tensor for name, tensor in present.tensors.items()}
            facts[path] = present.facts | {"entered": entered}
        self._unfinished.save(State(tensors, facts))

    @contextmanager
    def _entered(self, name: str, unfinished: Unfinished) -> Iterator[tuple[_Place, dict[str, State]]]:
        if self._states is None:
            self._states = self._load(unfinished)
        around, entered = self._places[-1]
        self._places.append((f"{around}{name}:{entered[name]}/", Counter()))
        try:
            yield self._places[-1], self._states
        finally:
            self._places.pop()
            entered[name] += 1
            if len(self._places) == 1:
                unfinished.release()

    def _load(self, unfinished: Unfinished) -> dict[str, State]:
        """The states of unfinished parts by path; results are kept apart."""
        saved = unfinished.load()
        if saved is None:
            return {}
        tensors: dict[str, dict[str, Tensor]] = {path: {} for path in saved.facts}
        for key, tensor in saved.tensors.items():
            path, slash, name = key.rpartition("/")
            tensors[path + slash][name] = tensor
        self._results = {path: tensors[path] for path, facts in saved.facts.items() if facts is None}
        counts = Counter(_last_name(path) for path in self._results)
        states = {path: State(tensors[path], facts) for path, facts in saved.facts.items() if facts is not None}
        counts.update(
            {_last_name(path): state.facts["done"] for path, state in states.items() if "done" in state.facts}
        )
        if process_rank() == 0:
            where = ", ".join(f"{name} {count}" for name, count in counts.items()) or "its beginning"
            print(f"resumed at {where}", file=sys.stderr)
        return states


def _last_name(path: str) -> str:
    return path.split("/")[-2].partition(":")[0]


# For work that is begun anew each time.
NOT_RESUMING = Resuming()
