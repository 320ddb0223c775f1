"""A corpus made up by hand, in the places where a run of the workflow leaves it."""

from pathlib import Path

import numpy as np

from hyperforget.networks.kinds import stored_attributes
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.store.store import Store
from hyperforget.store.tokens import write_token

SIZES = (64, 7, 10)
LAYOUT = PerceptronLayout(SIZES)
PARAMETERS, CLASSES = 535, 10
# How many checkpoints of each run were saved, first its start, of each segment; there is room for four.
SAVED = ((4, 1, 3, 2, 2, 4), (2, 4, 3, 3))
SLOTS = 4
LABELS = (3, 1, 4, 0, 5, 9, 2, 6, 8, 7)
IMAGES = tuple(range(20, 30))


def segment(seed: int, parameters: int = PARAMETERS) -> dict[str, np.ndarray]:
    """Arrays of a segment; all that is padding is NaN, or a number that occurs nowhere else."""
    saved = np.array(SAVED[seed])
    draw, runs = np.random.default_rng(seed), len(saved)
    held = np.arange(SLOTS) < saved[:, None]

    def of_checkpoints(length: int) -> np.ndarray:
        values = draw.exponential(size=(runs, SLOTS, length)).astype(np.float32)
        return np.where(held[:, :, None], values, np.float32("nan"))

    correct = draw.integers(0, 20, size=(runs, SLOTS, CLASSES)).astype(np.int32)
    steps = np.cumsum(draw.integers(1, 9, size=(runs, SLOTS)), axis=1).astype(np.int32)
    steps[:, 0] = 0
    return {
        "theta": of_checkpoints(parameters),
        "loss": of_checkpoints(CLASSES),
        "correct": np.where(held[:, :, None], correct, np.int32(-1)),
        "discriminability": of_checkpoints(CLASSES),
        "separability": of_checkpoints(CLASSES),
        "step": np.where(held, steps, np.int32(-1)),
        "saved": saved,
        "switch": draw.integers(0, 30, size=runs),
        "rate_before": draw.random((runs, CLASSES)).astype(np.float32),
        "rate_after": draw.random((runs, CLASSES)).astype(np.float32),
        "learning_rate": draw.random(runs).astype(np.float32),
        "recipe": draw.integers(0, 2, size=runs),
    }


def make_corpus(results: Path, task: str = "digits", name: str = "corpus", layout: Layout = LAYOUT) -> Path:
    """A corpus of two segments; returns the folder of its task."""
    store, folder = Store(results / "store"), results / task
    attributes = {"task": task, "corpus": name, **stored_attributes(layout), "spec": {"protocol": "validation"}}
    segments = [
        store.publish("segment", segment(seed, layout.size), {**attributes, "shard": seed})
        for seed in range(len(SAVED))
    ]
    corpus = store.publish("corpus", {}, {"task": task, "corpus": name, "segments": segments})
    write_token(folder / f"{name}.json", "corpus", corpus, {})
    arrays = {"validation_labels": np.repeat(np.arange(CLASSES), IMAGES), "test_labels": np.zeros(4, int)}
    data = store.publish("dataset", arrays, {"labels": list(LABELS), "mean": 5.0, "std": 6.0})
    write_token(folder / "dataset.json", "dataset", data, {})
    return folder
