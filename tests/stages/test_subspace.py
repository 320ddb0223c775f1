"""A hypernetwork in the subspace goes through the stages like any other."""

from pathlib import Path

import pytest
import torch

from hyperforget.config import Config
from hyperforget.errors import UserError
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.candidates import load_candidates
from tests.stages.tiny_pipeline import TASK, jobs, run, settings

pytestmark = pytest.mark.pipeline


def in_subspace(model: str, components: int) -> Config:
    return settings(models={model: {"architecture": {"space": "subspace", "components": components, "heads": 4}}})


@pytest.mark.parametrize(
    ("model", "samples"),
    [("dihyfo-1", ["sample/dihyfo-1/2", "edit/dihyfo-1/2"]), ("dihyfo-2", ["sample/dihyfo-2/2"])],
)
def test_it_is_trained_stored_and_sampled_from(copied: Path, model: str, samples: list[str]) -> None:
    every = jobs(copied, in_subspace(model, 12))
    run(every[f"train_hypernet/{model}"])
    token = copied / TASK / model / "hypernet.json"
    share = read_token(token).summary["explained_variance"]
    assert 0.5 < share < 1
    space = load_hypernetwork(Store(copied / "store"), token, range(4)).model.space
    assert space.components.shape == (12, 64 * 2 + 2 + 2 * 4 + 4)
    for name in (*samples, f"probe_hypernet/{model}"):
        run(every[name])
    sampled = load_candidates(
        Store(copied / "store"), copied / TASK / model / "forget-2.json"
    ).candidates.networks.params
    assert sampled.isfinite().all()
    if model == "dihyfo-2":
        torch.testing.assert_close(space.denormalise(space.normalise(sampled)), sampled, atol=1e-4, rtol=1e-4)


def test_more_components_than_parameters_stop_the_training(copied: Path) -> None:
    with pytest.raises(UserError, match=r"is 256, more than the 142 parameters .* allowed are 1 to 142"):
        run(jobs(copied, in_subspace("dihyfo-2", 256))["train_hypernet/dihyfo-2"])
