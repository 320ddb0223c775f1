"""What training changes from step to step, and the form in which it is saved and gone on from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from hyperforget.hypernet.model import Hypernetwork
from hyperforget.processes import process_rank
from hyperforget.unfinished import State


@dataclass(frozen=True)
class HistoryPoint:
    """Mean squared error in the model's space after ``step`` steps, on fixed pairs of seen and
    unseen runs.
    """

    step: int
    train_mse: float
    test_mse: float
    learning_rate: float


@dataclass
class TrainingState:
    """The model after ``step`` steps, the moving average of its weights, the optimiser, the generator of all
    randomness, the learning curves, and the averaged weights at each snapshot's step.
    """

    model: Hypernetwork
    averaged: AveragedModel
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0
    history: list[HistoryPoint] = field(default_factory=list)
    snapshots: dict[int, dict[str, Tensor]] = field(default_factory=dict)

    def to_state(self) -> State:
        """All of it, as tensors by name and facts; the tensors are not copied.

        Of an optimiser that is spread over processes, the first process gathers the whole; all have to ask for it.
        """
        gather = getattr(self.optimizer, "consolidate_state_dict", None)
        if gather is not None:
            gather(to=0)
        whole = self.optimizer.state_dict()["state"] if process_rank() == 0 else {}
        parameters = [name for name, _ in self.model.named_parameters()]
        tensors = {
            "generator": self.generator.get_state(),
            **_prefixed("model", self.model.state_dict()),
            **_prefixed("averaged", self.averaged.state_dict()),
        }
        for index, values in whole.items():
            tensors |= {f"optimizer.{key}.{parameters[index]}": value for key, value in values.items()}
        for step, weights in self.snapshots.items():
            tensors |= _prefixed(f"snapshots.{step}", weights)
        facts = {
            "done": self.step,
            "history": [asdict(point) for point in self.history],
            "snapshots": list(self.snapshots),
        }
        return State(tensors, facts)

    def restore(self, state: State) -> None:
        """Go back to what `to_state` gave."""
        tensors, facts = state.tensors, state.facts
        self.generator.set_state(tensors["generator"])
        self.model.load_state_dict(_below("model", tensors))
        self.averaged.load_state_dict(_below("averaged", tensors))
        self._restore_optimizer(_below("optimizer", tensors))
        self.step = facts["done"]
        self.history = [HistoryPoint(**point) for point in facts["history"]]
        # Only the first process has snapshots.
        steps = facts["snapshots"] if process_rank() == 0 else []
        self.snapshots = {step: _below(f"snapshots.{step}", tensors) for step in steps}

    def _restore_optimizer(self, tensors: Mapping[str, Tensor]) -> None:
        indices = {name: index for index, (name, _) in enumerate(self.model.named_parameters())}
        moments: dict[int, dict[str, Tensor]] = {index: {} for index in indices.values()}
        for name, tensor in tensors.items():
            key, _, parameter = name.partition(".")
            moments[indices[parameter]][key] = tensor
        groups = [{**self.optimizer.param_groups[0], "params": list(moments)}]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})


def _prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `_prefixed`."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
