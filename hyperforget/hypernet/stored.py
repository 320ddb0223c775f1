"""A trained hypernetwork: storing it and reading it back."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hyperforget.config import ArchitectureConfig
from hyperforget.config.performance import Performance
from hyperforget.hypernet.diffusion import PROCESSES, Process
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.networks.kinds import layout_of
from hyperforget.networks.layout import Layout
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token, write_token

# Of an architecture, what it does not say.
_BEFORE_A_CHOICE: dict[str, Any] = {"compressed": True, "activation": "gelu-tanh"}


@dataclass(frozen=True)
class TrainedHypernetwork:
    """A trained model, its noise process, and the averaged weights at each snapshot's step, the last of them the
    result.
    """

    model: Hypernetwork
    process: Process
    snapshots: dict[int, dict[str, Tensor]]

    @property
    def performance(self) -> Performance:
        """What the model is told of networks."""
        return self.model.performance

    def at(self, step: int) -> "TrainedHypernetwork":
        """The same, once its model has been given the weights of a snapshot."""
        self.model.load_state_dict(self.snapshots[step])
        return self


def publish_hypernetwork(
    store: Store,
    token: Path,
    hypernet: TrainedHypernetwork,
    labels: Sequence[int],
    attributes: dict[str, Any],
    summary: dict[str, Any],
) -> None:
    """Store a hypernetwork for networks whose classes have these ``labels`` and write its token.

    ``attributes`` become part of the object; the token holds them and the ``summary``.
    """
    model = hypernet.model
    arrays = {
        f"{step}.{name}": value.numpy()
        for step, weights in hypernet.snapshots.items()
        for name, value in weights.items()
    }
    several = {"networks": [layout.attributes for layout in model.learned_from]}
    content = attributes | {
        **(several if model.learned_from else model.layout.attributes),
        "architecture": {"conditioning": model.conditioning.name, **_shape(model.architecture)},
        "process": hypernet.process.name,
        "performance": _told(hypernet.performance.named(labels)),
        "snapshots": list(hypernet.snapshots),
    }
    object_id = store.publish("hypernet", arrays, content)
    write_token(token, "hypernet", object_id, attributes | summary | {"parameters": model.parameter_count})


def _shape(architecture: ArchitectureConfig) -> dict[str, Any]:
    """What models had before there was a choice is left out, so that they keep their ids."""
    values = architecture.model_dump()
    return {name: value for name, value in values.items() if _BEFORE_A_CHOICE.get(name) != value}


def _told(performance: Performance) -> dict[str, Any]:
    """A model that is told one metric has the id that it had before there were several."""
    values = asdict(performance)
    return values if performance.also else {name: value for name, value in values.items() if name != "also"}


def _performance(told: dict[str, Any]) -> Performance:
    return Performance(**{**told, "also": tuple(told.get("also", ()))})


def load_hypernetwork(
    store: Store, token: Path, labels: Sequence[int], layout: Layout | None = None
) -> TrainedHypernetwork:
    """The hypernetwork that a token names, for networks of a ``layout``, else of the first that it was trained for,
    whose classes have these ``labels``; on the CPU, in evaluation mode and with its final weights.

    Raises `hyperforget.store.errors.MissingObjectError` or `CorruptObjectError`, and `UserError` for another layout
    than it was trained for; one that learned from several widths is for all others too.
    """
    stored = store.read(read_token(token, kind="hypernet").object_id, kind="hypernet")
    attributes = stored.attributes
    snapshots: dict[int, dict[str, Tensor]] = {step: {} for step in attributes["snapshots"]}
    for key, value in stored.arrays.items():
        step, _, name = key.partition(".")
        snapshots[int(step)][name] = torch.from_numpy(value)
    architecture = _BEFORE_A_CHOICE | attributes["architecture"]
    conditioning = architecture.pop("conditioning")
    learned_from = [layout_of(each) for each in attributes.get("networks", [])]
    first = learned_from[0] if learned_from else layout_of(attributes)
    performance = _performance(attributes["performance"]).placed(labels)
    model = Hypernetwork(
        first, conditioning, ArchitectureConfig(**architecture), performance, learned_from, len(labels)
    )
    variant = model.for_layout(layout or first).eval()
    return TrainedHypernetwork(variant, PROCESSES[attributes["process"]], snapshots).at(max(snapshots))
