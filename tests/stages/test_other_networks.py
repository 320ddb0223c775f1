"""Deeper and convolutional main networks go through all stages like any other."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from hyperforget.collection.stored import find_corpus
from hyperforget.generator.loading import load
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.forward import forward
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.store.store import Store
from hyperforget.unlearning.candidates import load_candidates
from tests.stages.tiny_pipeline import TASK, jobs, run, settings

pytestmark = pytest.mark.pipeline

NETWORKS: list[tuple[dict[str, Any], Layout]] = [
    ({"hidden": [4, 3]}, PerceptronLayout((64, 4, 3, 4))),
    ({"kind": "convolutional", "channels": [3, 4]}, ConvolutionalLayout((8, 8, 1), (3, 4), 3, 2, 4)),
]


@pytest.mark.parametrize(("network", "layout"), NETWORKS, ids=["deeper", "convolutional"])
def test_all_stages_run_on_it(tmp_path: Path, network: dict[str, Any], layout: Layout) -> None:
    # So small and so briefly trained, few of them know their pivots.
    config = settings(
        tasks={TASK: {"hidden": [], "network": network, "collection": {"pivot_accuracy": 0.1, "admission": "relaxed"}}}
    )
    for each in jobs(tmp_path, config).values():
        run(each)
    store, folder = Store(tmp_path / "store"), tmp_path / TASK
    assert load_hypernetwork(store, folder / "dihyfo-1" / "hypernet.json", range(4)).model.layout == layout
    assert find_corpus(folder).layout == layout
    for method in ("dihyfo-1", "dihyfo-1-edit", "dihyfo-2", "retrained", "nearest", "bias"):
        place = folder / method / "forget-2.json"
        stored = load_candidates(store, place)
        networks = stored.candidates.networks
        assert networks.layout == layout
        module = layout.module()
        module.load_state_dict(load_file(place.with_suffix(".safetensors")))
        images = torch.randn(5, 64, generator=torch.Generator().manual_seed(0))
        found = module(layout.images_of_modules(images))
        torch.testing.assert_close(found, forward(networks, images)[stored.chosen], rtol=1e-4, atol=1e-4)
    [made] = load(folder / "dihyfo-1" / "generator").sample([2])
    assert [tuple(each.shape) for each in made.state_dict().values()] == [each.shape for each in layout.parameters]
