"""Reading a dataset: what was planned is what is read."""

from pathlib import Path

import numpy as np
import pytest

from hyperforget.errors import UserError
from hyperforget.store.tokens import read_token
from tests.data.idx_files import write_idx_set
from tests.stages.tiny_pipeline import TASK, Job, job, run, settings

LABELS = np.arange(80) % 4


def planned(folder: Path, token: str, **dataset: object) -> Job:
    config = settings(tasks={TASK: {"dataset": dataset}})
    return job("fetch_dataset", folder, {"task": TASK}, config, token=folder / token)


def pixels(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (80, 2, 2), np.uint8)


def test_other_images_in_the_files_of_a_set_are_another_dataset(tmp_path: Path) -> None:
    means = []
    for index, seed in enumerate((0, 1, 0)):
        write_idx_set(tmp_path / "data", "MNIST", pixels(seed), LABELS)
        run(planned(tmp_path, f"{index}.json", source="torchvision", root=str(tmp_path / "data")))
        means.append(read_token(tmp_path / f"{index}.json").summary["mean"])
    assert means[0] == means[2] != means[1]


@pytest.mark.parametrize("source", ["npz", "torchvision"])
def test_files_that_change_after_planning_are_not_read(tmp_path: Path, source: str) -> None:
    def write(seed: int) -> None:
        np.savez(tmp_path / "a.npz", images=pixels(seed), labels=LABELS)
        write_idx_set(tmp_path / "data", "MNIST", pixels(seed), LABELS)

    write(0)
    dataset = {"path": str(tmp_path / "a.npz")} if source == "npz" else {"root": str(tmp_path / "data")}
    each = planned(tmp_path, "token.json", source=source, **dataset)
    write(1)
    with pytest.raises(UserError, match="is read from has changed since the run was planned; start the run again"):
        run(each)
    assert not (tmp_path / "token.json").exists()
