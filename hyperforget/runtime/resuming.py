"""Work that goes on where it was stopped: states of unfinished parts, and results that are remembered.

A stopped job is started again from its beginning, with the same seeds. It takes the same way through the
code: a result that it had is not computed again, and a part that was under way goes on from the state that
was saved of it. Each is known by its path: the names of all that it lies in, each with how often its like
was entered there before.
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
    """Where the work is: in a part, which has a state, or in what is to be remembered; ``entered`` counts by
    name what was left again inside of it.
    """

    path: str
    state: Callable[[], State] | None = None
    entered: Counter[str] = field(default_factory=Counter)

    def inside(self, name: str) -> str:
        return f"{self.path}/{name}:{self.entered[name]}".removeprefix("/")


class Resuming:
    """What a job goes on from, and where in it the work is at present; without
    ``unfinished`` nothing is saved.
    """

    def __init__(self, unfinished: Unfinished | None = None) -> None:
        self._unfinished = unfinished
        self._is_loaded = False
        self._places = [_Place("")]
        self._states: dict[str, State] = {}
        self._results: dict[str, dict[str, Tensor]] = {}

    @contextmanager
    def part(self, name: str, state: Callable[[], State]) -> Iterator[State | None]:
        """Enter a part of the work; gives the state that it was in when the job was stopped,
        None where it begins.

        ``state`` tells the part's present state, whenever work inside it saves. A fact ``done`` is
        how many of what ``name`` says were done. Facts survive JSON, names have no slash, and no
        two tensors share memory.
        """
        if self._unfinished is None:
            yield None
            return
        with self._entered(name, state) as place:
            saved = self._states.pop(place.path, None)
            if saved is not None:
                place.entered.update(saved.facts["entered"])
                saved = State(saved.tensors, saved.facts["own"])
            yield saved

    def remember(
        self, name: str, compute: "Callable[[], Tensor]", generator: "torch.Generator | None" = None
    ) -> "Tensor":
        """What ``compute()`` gives, a tensor on the CPU; not computed again where the job had it
        when it was stopped.

        ``generator`` is what it draws its random numbers from, and is left as it was left by it. What was
        remembered inside of ``compute`` is then forgotten.
        """
        if self._unfinished is None:
            return compute()
        with self._entered(name) as place:
            if place.path not in self._results:
                self.save_if_due()
                result = {"result": compute()}
                if generator is not None:
                    result["generator"] = generator.get_state()
                inside = f"{place.path}/"
                self._results = {
                    path: each for path, each in self._results.items() if not path.startswith(inside)
                }
                self._results[place.path] = result
            elif generator is not None:
                generator.set_state(self._results[place.path]["generator"])
            return self._results[place.path]["result"]

    def save_if_due(self) -> None:
        """Save all that the job has and the parts that it is in, if it is time to, and stop if
        that was asked for.

        To be called at the beginning of a loop's step: what is saved then has a step to go on with.
        """
        if self._unfinished is None or not self._unfinished.due():
            return
        tensors = {
            f"{path}/{name}": value
            for path, result in self._results.items()
            for name, value in result.items()
        }
        facts: dict[str, object] = dict.fromkeys(self._results)
        for place in self._places:
            if place.state is not None:
                present = place.state()
                tensors |= {f"{place.path}/{name}": tensor for name, tensor in present.tensors.items()}
                facts[place.path] = {"own": present.facts, "entered": place.entered}
        self._unfinished.save(State(tensors, facts))

    @contextmanager
    def _entered(self, name: str, state: Callable[[], State] | None = None) -> Iterator[_Place]:
        if not self._is_loaded:
            self._load()
        around = self._places[-1]
        self._places.append(_Place(around.inside(name), state))
        try:
            yield self._places[-1]
        finally:
            self._places.pop()
            around.entered[name] += 1
            if len(self._places) == 1 and self._unfinished is not None:
                self._unfinished.release()

    def _load(self) -> None:
        self._is_loaded = True
        saved = self._unfinished.load() if self._unfinished is not None else None
        if saved is None:
            return
        tensors: dict[str, dict[str, Tensor]] = {path: {} for path in saved.facts}
        for key, tensor in saved.tensors.items():
            path, _, name = key.rpartition("/")
            tensors[path][name] = tensor
        counts: Counter[str] = Counter()
        for path, facts in saved.facts.items():
            if facts is None:
                self._results[path] = tensors[path]
                counts[_name(path)] += 1
                continue
            self._states[path] = State(tensors[path], facts)
            if "done" in facts["own"]:
                counts[_name(path)] += facts["own"]["done"]
        if process_rank() == 0:
            where = ", ".join(f"{name} {count}" for name, count in counts.items()) or "its beginning"
            print(f"resumed at {where}", file=sys.stderr)


def _name(path: str) -> str:
    """The last name of a path, such as ``step`` of ``run:0/step:3``."""
    return path.rpartition("/")[2].rpartition(":")[0]


# For work that is begun anew each time.
NOT_RESUMING = Resuming()
