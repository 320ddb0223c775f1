"""A request to forget, from a token and a forget set."""

from pathlib import Path

import pytest
import torch

from hyperforget.config import DatasetConfig
from hyperforget.data.preparing import prepare_splits
from hyperforget.data.splits import publish_task_data
from hyperforget.errors import UserError
from hyperforget.store.store import Store
from hyperforget.unlearning.request import load_request


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Path]:
    folder = tmp_path_factory.mktemp("request")
    arrays, pixels = prepare_splits(DatasetConfig(), [0, 1, 2, 3], seed=0)
    publish_task_data(Store(folder / "store"), folder / "dataset.json", arrays, {"labels": [0, 1, 2, 3], **pixels})
    return Store(folder / "store"), folder / "dataset.json"


@pytest.mark.parametrize(("protocol", "split"), [("validation", "validation"), ("thesis", "test")])
def test_the_protocol_decides_which_split_selects(stored: tuple[Store, Path], protocol: str, split: str) -> None:
    request = load_request(*stored, "2-3", protocol, torch.device("cpu"))
    assert torch.equal(request.split.images, getattr(request.data, split).images)
    assert request.forget.tolist() == [False, False, True, True]


def test_a_wrong_forget_set_is_refused(stored: tuple[Store, Path]) -> None:
    with pytest.raises(UserError, match="class 7 is not one of the task's classes 0 to 3"):
        load_request(*stored, "7", "validation", torch.device("cpu"))
