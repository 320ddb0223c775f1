"""Training of a hypernetwork as it is saved, so that it goes on where it was."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from hyperforget.hypernet.model import Hypernetwork
from hyperforget.records.hypernets import HistoryPoint
from hyperforget.runtime.distributed import process_rank
from hyperforget.runtime.saved_state import State


@dataclass(frozen=True)
class Trained:
    """Averaged weights at each snapshot's step, the last being the result, and the learning curves."""

    snapshots: dict[int, dict[str, Tensor]]
    history: list[HistoryPoint]


@dataclass
class Training:
    """What training consists of after ``step`` steps, the generator of all randomness included."""

    model: Hypernetwork
    averaged: AveragedModel
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    made: Trained
    step: int = 0

    def state(self) -> State:
        """All that later steps depend on, and what was made; tensors are not copied.

        Of an optimiser that is spread over processes, the first gathers the whole; all have to ask for it.
        """
        gather = getattr(self.optimizer, "consolidate_state_dict", None)
        if gather is not None:
            gather(to=0)
        moments = self.optimizer.state_dict()["state"] if process_rank() == 0 else {}
        tensors = {
            "generator": self.generator.get_state(),
            **_prefixed("model", self.model.state_dict()),
            **_prefixed("averaged", self.averaged.state_dict()),
        }
        for index, values in moments.items():
            tensors |= _prefixed(f"optimizer.{index}", values)
        for step, weights in self.made.snapshots.items():
            tensors |= _prefixed(f"snapshots.{step}", weights)
        history = [asdict(point) for point in self.made.history]
        return State(tensors, {"done": self.step, "history": history, "snapshots": list(self.made.snapshots)})

    def restore(self, state: State) -> None:
        """Go on from what `state` told."""
        tensors, facts = state.tensors, state.facts
        self.generator.set_state(tensors["generator"])
        self.model.load_state_dict(_below("model", tensors))
        self.averaged.load_state_dict(_below("averaged", tensors))
        indices = range(len(list(self.model.parameters())))
        moments = {index: _below(f"optimizer.{index}", tensors) for index in indices}
        groups = [{**self.optimizer.param_groups[0], "params": list(indices)}]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.step = facts["done"]
        self.made.history.extend(HistoryPoint(**point) for point in facts["history"])
        # Only the first process has snapshots.
        for step in facts["snapshots"] if process_rank() == 0 else []:
            self.made.snapshots[step] = _below(f"snapshots.{step}", tensors)


def _prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `_prefixed`."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
