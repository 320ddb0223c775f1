"""Networks, images and their store beside synthetic results, so that the page has a pad."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from hyperforget.data.splits import TaskData, publish_task_data, task_data
from hyperforget.networks.batch import Networks
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.store.store import Store
from hyperforget.unlearning.candidates import make_candidates, publish_candidates
from hyperforget.unlearning.handover import export_chosen

# By task of the synthetic results.
LAYOUTS: dict[str, Layout] = {
    "digits-4": PerceptronLayout((64, 5, 3, 4)),
    "digits": ConvolutionalLayout((8, 8, 1), (3, 4), 3, 2, 10),
}


def make_networks(results: Path, task: str, told: dict[str, Any], layout: Layout, methods: list[str]) -> TaskData:
    """Write random networks of a layout, for each method and forget set of a task of `SPEC`, and its images, of as many
    pixels; all but `bias` are new, and that has the original's weights and one output bias of its own.
    """
    store, folder = Store(results / "store"), results / task
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(len(task))
    labels = [int(label) for label in told["classes"]]
    arrays: dict[str, np.ndarray] = {}
    for split in ("train", "validation", "test"):
        arrays[f"{split}_images"] = generator.integers(0, 17, (4 * len(labels), layout.inputs)).astype(np.uint8)
        arrays[f"{split}_labels"] = np.arange(4 * len(labels)) % len(labels)
    attributes = {"task": task, "classes": len(labels), "labels": labels, "mean": 8.1, "std": 4.9}
    publish_task_data(store, folder / "dataset.json", arrays, attributes)
    data = task_data(arrays, attributes)
    torch_generator = torch.Generator().manual_seed(len(task))
    original = torch.randn(3, layout.size, generator=torch_generator) / 4
    publish_candidates(
        store, folder / "original.json", make_candidates(Networks(original, layout), data.test), 1, {"task": task}
    )
    for method in methods:
        for forget in told["forget"] + told["holdout"]:
            params = torch.randn(1, layout.size, generator=torch_generator) / 4
            if method == "bias":
                params = original[1:2] - 3 * (torch.arange(layout.size) == layout.size - 1)
            candidates = make_candidates(Networks(params, layout), data.test)
            names = {"task": task, "method": method, "forget": forget}
            export_chosen(folder / method / f"forget-{forget}.safetensors", candidates, 0, data, names)
    return data
