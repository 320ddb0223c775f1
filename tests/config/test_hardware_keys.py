"""What a run computes on: which keys go together, and one sentence where they do not."""

import pytest

from hyperforget.config import load_config
from hyperforget.errors import UserError

TASKS = {"toy": {"classes": [0, 1, 2, 3], "hidden": [2], "pivots": [0, 1], "forget": ["2"], "holdout": ["3"]}}


def load(**hardware: object) -> object:
    models = {"dihyfo-1": {"training": {"batch_size": 12}}}
    return load_config({"tasks": TASKS, "models": models, "hardware": hardware}).hardware


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:0", "cuda:11", "mps"])
def test_devices(device: str) -> None:
    assert load(device=device).device == device  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("hardware", "message"),
    [
        ({"device": "gpu"}, "hardware.device is 'gpu'"),
        ({"device": "cuda:x"}, "did you mean 'cuda"),
        ({"device": "cpu:0"}, "allowed are auto, cpu, cuda"),
        ({"device": "cuda:1", "processes": 2}, "allowed for several processes is 'cuda'"),
        ({"device": "mps", "processes": 2}, "allowed for several processes are auto, cpu and cuda"),
        ({"shard_optimizer": True}, "allowed is false, or 2 processes and more"),
        ({"micro_batches": 13}, "models.dihyfo-1.training.batch_size has pairs, 12; allowed are 1 to 12"),
        ({"micro_batches": 5, "processes": 3}, "allowed are 1 to 4"),
        ({"save_every": -1}, "hardware.save_every is -1"),
    ],
)
def test_what_does_not_go_together_is_refused(hardware: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=r"^hardware\.") as refusal:
        load(**hardware)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_batches_may_be_divided_down_to_single_pairs() -> None:
    assert load(micro_batches=4, processes=3, shard_optimizer=True, device="cuda")
