"""Functions of a user of the pipeline."""

import numpy as np
from torch import Tensor

from hyperforget.metrics.own_metrics import Answers
from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment


def lower(assignment: Assignment, by: float) -> Networks:
    """Lower all output biases of forgotten classes by as much."""
    layout = assignment.originals.layout
    parts = [part.clone() for part in layout.split(assignment.originals.params)]
    parts[-1] -= by * assignment.forget
    return Networks(layout.join(parts), layout)


def largest_probability(answers: Answers, power: int) -> Tensor:
    """Mean over images of the largest probability, to a power."""
    return answers.logits.softmax(-1).amax(-1).mean(-1) ** power


def images(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise, and labels that have nothing to do with it."""
    pixels = np.random.default_rng(0).integers(0, 16, (80, side, side), np.uint8)
    return pixels, np.arange(80) % 4
