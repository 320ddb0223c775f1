"""Storing a trained hypernetwork and reading it back."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hyperforget.config import Performance
from hyperforget.config.models import Architecture
from hyperforget.hypernet.diffusion import PROCESSES, Process
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.networks.layout import Layout
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token, write_token


@dataclass(frozen=True)
class StoredHypernetwork:
    """A trained model in evaluation mode, its noise process, what it is told of networks, and the averaged weights
    at each snapshot's step.
    """

    model: Hypernetwork
    process: Process
    performance: Performance
    snapshots: dict[int, dict[str, Tensor]]

    def at(self, step: int) -> Hypernetwork:
        """The model with the weights of a snapshot."""
        self.model.load_state_dict(self.snapshots[step])
        return self.model


def publish_hypernetwork(
    store: Store,
    token: Path,
    model: Hypernetwork,
    process: str,
    performance: Performance,
    snapshots: dict[int, dict[str, Tensor]],
    attributes: dict[str, Any],
    summary: dict[str, Any],
) -> None:
    """Store the snapshots of a model, the last being the result, and write its token."""
    arrays = {
        f"{step}.{name}": value.numpy()
        for step, weights in snapshots.items()
        for name, value in weights.items()
    }
    content = attributes | {
        "sizes": list(model.layout.sizes),
        "architecture": asdict(model.architecture),
        "process": process,
        "performance": asdict(performance),
        "snapshots": list(snapshots),
    }
    object_id = store.publish("hypernet", arrays, content)
    write_token(token, "hypernet", object_id, attributes | summary | {"parameters": model.parameter_count})


def load_hypernetwork(store: Store, token: Path) -> StoredHypernetwork:
    """The hypernetwork that a token names, with its final weights."""
    stored = store.read(read_token(token, kind="hypernet").object_id, kind="hypernet")
    layout = Layout(tuple(stored.attributes["sizes"]))
    snapshots: dict[int, dict[str, Tensor]] = {step: {} for step in stored.attributes["snapshots"]}
    for key, value in stored.arrays.items():
        step, _, name = key.partition(".")
        snapshots[int(step)][name] = torch.from_numpy(value)
    architecture = Architecture(**stored.attributes["architecture"])
    model = Hypernetwork(layout, architecture)
    process = PROCESSES[stored.attributes["process"]]
    performance = Performance(**stored.attributes["performance"])
    loaded = StoredHypernetwork(model.eval(), process, performance, snapshots)
    loaded.at(max(snapshots))
    return loaded
