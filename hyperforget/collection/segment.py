"""A segment: the checkpoints of a shard's runs, as arrays that fill up while they are collected."""

import torch
from torch import Tensor

from hyperforget.metrics.measuring import Outcomes
from hyperforget.networks.batch import Networks

SEGMENT_DIMENSIONS = {
    "theta": ("run", "checkpoint", "parameter"),
    "loss": ("run", "checkpoint", "class"),
    "correct": ("run", "checkpoint", "class"),
    "discriminability": ("run", "checkpoint", "class"),
    "separability": ("run", "checkpoint", "class"),
    "step": ("run", "checkpoint"),
    "saved": ("run",),
    "switch": ("run",),
    "rate_before": ("run", "class"),
    "rate_after": ("run", "class"),
    "learning_rate": ("run",),
    "recipe": ("run",),
}
SEGMENT_ARRAYS = {
    "theta": {
        "unit": "1",
        "description": "flat parameters in state-dict order; checkpoint 0 is the random start",
    },
    "loss": {"unit": "nats", "description": "mean cross-entropy of each class on the conditioning split"},
    "correct": {"unit": "images", "description": "correctly classified images of each class on that split"},
    "discriminability": {"unit": "1", "description": "d′ of each class on that split: whether it is told from others"},
    "separability": {
        "unit": "1",
        "description": "distance of each class from the others in hidden units on that split",
    },
    "step": {"unit": "steps", "description": "training step of the checkpoint"},
    "saved": {
        "unit": "checkpoints",
        "description": "how many entries of a run are checkpoints; the rest is padding",
    },
    "switch": {"unit": "steps", "description": "step from which rate_after holds instead of rate_before"},
    "rate_before": {
        "unit": "1",
        "description": "share of each class that the run is shown before the switch",
    },
    "rate_after": {"unit": "1", "description": "share of each class that the run is shown after the switch"},
    "learning_rate": {"unit": "1", "description": "learning rate of the run"},
    "recipe": {"unit": "1", "description": "index of the run's recipe among those of the specification"},
}


def empty_segment(runs: int, checkpoints: int, parameters: int, classes: int) -> dict[str, Tensor]:
    """Zeros for `SEGMENT_ARRAYS`, with room for each run's start and ``checkpoints``; `keep` fills them."""
    lengths = {"run": runs, "checkpoint": checkpoints + 1, "parameter": parameters, "class": classes}
    types = {"correct": torch.int32, "step": torch.int32} | dict.fromkeys(("saved", "switch", "recipe"), torch.int64)
    return {
        name: torch.zeros([lengths[axis] for axis in axes], dtype=types.get(name, torch.float32))
        for name, axes in SEGMENT_DIMENSIONS.items()
    }


def keep(segment: dict[str, Tensor], rows: Tensor, step: int, networks: Networks, outcomes: Outcomes) -> None:
    """Add the next checkpoint to the runs ``rows`` (M,), of all N ``networks``, on any device, at a step."""
    slots = segment["saved"][rows]
    segment["theta"][rows, slots] = networks.params[rows].cpu()
    segment["loss"][rows, slots] = outcomes.losses[rows]
    segment["correct"][rows, slots] = outcomes.correct[rows].int()
    segment["discriminability"][rows, slots] = outcomes.discriminability[rows]
    segment["separability"][rows, slots] = outcomes.separability[rows]
    segment["step"][rows, slots] = step
    segment["saved"][rows] += 1
