"""Candidates: measured, and stored so that they come back."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from hyperforget.data.splits import TaskData
from hyperforget.errors import UserError
from hyperforget.networks.initialisations import initialise
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.candidates import (
    Candidates,
    check_diverged,
    load_candidates,
    make_candidates,
    publish_candidates,
    without_diverged,
)
from tests.unlearning.conftest import LAYOUT, generator

ATTRIBUTES = {"task": "toy", "method": "dihyfo-1", "forget": "2"}


def test_without_prompts_and_starts_each_network_is_a_start_of_its_own(data: TaskData) -> None:
    batch = make_candidates(initialise(LAYOUT, 3, generator()), data.validation)
    assert batch.prompt.tolist() == [-1, -1, -1]
    assert batch.start.tolist() == [0, 1, 2]


def test_batches_come_back(tmp_path: Path, batch: Candidates) -> None:
    publish_candidates(Store(tmp_path), tmp_path / "token.json", batch, 4, ATTRIBUTES)
    stored = load_candidates(Store(tmp_path), tmp_path / "token.json")
    assert stored.chosen == 4
    assert stored.population == [0, 1, 2, 3, 4, 5]
    assert stored.candidates.networks.layout == LAYOUT
    assert torch.equal(stored.candidates.networks.params, batch.networks.params)
    for name in ("losses", "correct", "prompt", "start"):
        value: Tensor = getattr(batch, name)
        found: Tensor = getattr(stored.candidates, name)
        assert found.dtype == value.dtype
        assert torch.equal(found, value)


def test_the_population_comes_back(tmp_path: Path, batch: Candidates) -> None:
    publish_candidates(Store(tmp_path), tmp_path / "token.json", batch, 4, ATTRIBUTES, [4, 1, 5])
    assert load_candidates(Store(tmp_path), tmp_path / "token.json").population == [4, 1, 5]


def test_tokens_are_the_same_each_time_and_differ_with_what_they_name(tmp_path: Path, batch: Candidates) -> None:
    for name, chosen in (("one", 4), ("two", 4), ("other", 3)):
        publish_candidates(Store(tmp_path / name), tmp_path / f"{name}.json", batch, chosen, ATTRIBUTES)
    one, two, other = ((tmp_path / f"{name}.json").read_bytes() for name in ("one", "two", "other"))
    assert one == two
    assert one != other
    token = read_token(tmp_path / "one.json", kind="networks")
    assert token.summary == {**ATTRIBUTES, "networks": 6, "chosen": 4}
    assert token.object_id != read_token(tmp_path / "other.json").object_id


def test_damage_is_found(tmp_path: Path, batch: Candidates) -> None:
    publish_candidates(Store(tmp_path), tmp_path / "token.json", batch, 4, ATTRIBUTES)
    object_id = read_token(tmp_path / "token.json").object_id
    chunk = next((Store(tmp_path).object_folder(object_id) / "data.zarr" / "params").rglob("c/*/*"))
    chunk.chmod(0o644)
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 16
    chunk.write_bytes(content)
    with pytest.raises(CorruptObjectError, match=object_id):
        load_candidates(Store(tmp_path), tmp_path / "token.json")


def with_diverged(batch: Candidates, *rows: int) -> Candidates:
    losses = batch.losses.clone()
    losses[list(rows)] = torch.nan
    return replace(batch, losses=losses)


SIZES = torch.tensor([20, 20, 20])


def test_candidates_that_diverged_are_kept_out_and_counted(
    batch: Candidates, capsys: pytest.CaptureFixture[str]
) -> None:
    assert without_diverged(batch, SIZES) is batch
    left = without_diverged(with_diverged(batch, 0, 4), SIZES)
    assert torch.equal(left.networks.params, batch.networks.params[[1, 2, 3, 5]])
    assert (left.prompt.tolist(), left.start.tolist()) == ([0, 0, 1, 1], [1, 2, 0, 2])
    assert capsys.readouterr().err.startswith("2 of 6 networks that the hypernetwork made diverged")


@pytest.mark.parametrize("rows", [(0, 1, 2, 3), (0, 3), (3, 4, 5)], ids=["most", "all of a start", "all of a prompt"])
def test_too_many_that_diverged_are_a_user_error(batch: Candidates, rows: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=f"^{len(rows)} of 6 networks .* diverged.* lower .*learning_rate"):
        without_diverged(with_diverged(batch, *rows), SIZES)


def test_no_trained_network_may_have_diverged(batch: Candidates) -> None:
    check_diverged(batch.losses, SIZES, "originals", "lower it")
    with pytest.raises(UserError, match=r"^1 of 6 originals diverged, .*: lower it$"):
        check_diverged(with_diverged(batch, 5).losses, SIZES, "originals", "lower it")
