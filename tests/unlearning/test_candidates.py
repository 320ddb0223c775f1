"""Choosing a network by hand-made counts, storing batches, and handing one over without code of ours."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from hyperforget.config import SelectionConfig
from hyperforget.data.splits import Split, TaskData
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import forward
from hyperforget.store import CorruptObjectError, Store, read_token
from hyperforget.unlearning.candidates import (
    Candidates,
    choose,
    choose_each,
    class_accuracies,
    export_chosen,
    load_candidates,
    make_candidates,
    publish_candidates,
)

LAYOUT = Layout((6, 5, 3))
SIZES = torch.tensor([10, 10, 20])
FORGET = torch.tensor([False, False, True])
LOWEST = SelectionConfig(rule="lowest-forget")
ATTRIBUTES = {"task": "toy", "method": "dihyfo-1", "forget": "2"}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def counted(
    *rows: tuple[int, int, int],
    start: list[int] | None = None,
    losses: list[tuple[float, float, float]] | None = None,
) -> Candidates:
    """Candidates with these correct counts, of 10, 10 and 20 images; the third class is to be forgotten."""
    count = len(rows)
    return Candidates(
        torch.zeros(count, LAYOUT.size),
        torch.zeros(count, 3) if losses is None else torch.tensor(losses),
        torch.tensor(rows),
        torch.zeros(count, dtype=torch.int64),
        torch.arange(count) if start is None else torch.tensor(start),
    )


def highest(tolerance: float) -> SelectionConfig:
    return SelectionConfig(rule="highest-retain", tolerance=tolerance)


@pytest.fixture(scope="module")
def data() -> TaskData:
    pixels = torch.rand(60, 6, generator=generator(7)) * 16
    split = Split((pixels - 4.9) / 6.1, torch.arange(60) % 3, 3)
    return TaskData(split, split, split, 3, 4.9, 6.1)


@pytest.fixture(scope="module")
def batch(data: TaskData) -> Candidates:
    params = initialise(LAYOUT, 6, generator())
    prompt, start = torch.arange(2).repeat_interleave(3), torch.arange(3).repeat(2)
    return make_candidates(params, LAYOUT, data.validation, prompt, start)


def test_class_accuracies_are_over_all_images_of_the_classes() -> None:
    forgotten, retained = class_accuracies(counted((10, 5, 4), (0, 0, 20)), SIZES, FORGET)
    assert forgotten.tolist() == [0.2, 1.0]
    assert retained.tolist() == [0.75, 0.0]


def test_lowest_forget_takes_the_best_retained_of_the_least_remembered() -> None:
    assert choose(counted((10, 10, 1), (5, 5, 0), (6, 5, 0), (10, 10, 20)), SIZES, FORGET, LOWEST) == 2
    assert choose(counted((10, 10, 3), (1, 1, 2)), SIZES, FORGET, LOWEST) == 1


def test_highest_retain_takes_the_best_within_the_tolerance() -> None:
    batch = counted((9, 9, 2), (10, 10, 3), (8, 8, 0), (10, 8, 1))
    assert choose(batch, SIZES, FORGET, highest(0.0)) == 2
    assert choose(batch, SIZES, FORGET, highest(0.05)) == 3
    assert choose(batch, SIZES, FORGET, highest(0.1)) == 0
    assert choose(batch, SIZES, FORGET, highest(0.15)) == 1
    assert choose(batch, SIZES, FORGET, LOWEST) == 2


def test_highest_retain_falls_back_on_the_least_remembered() -> None:
    assert choose(counted((10, 10, 9), (3, 3, 5), (4, 3, 5)), SIZES, FORGET, highest(0.1)) == 2


@pytest.mark.parametrize("config", [LOWEST, highest(0.2)], ids=["lowest-forget", "highest-retain"])
def test_of_level_networks_the_widest_gap_of_losses_is_taken_and_then_the_first(
    config: SelectionConfig,
) -> None:
    # The classes' own counts differ, the accuracy on all retained ones does not; the first is worse on these.
    rows = [(1, 1, 0), (9, 7, 0), (8, 8, 0), (7, 9, 0)]
    losses = [(0.0, 0.0, 9.0), (1.0, 2.0, 5.0), (0.5, 0.5, 5.0), (0.1, 0.1, 4.0)]
    assert choose(counted(*rows, losses=losses), SIZES, FORGET, config) == 2
    losses[3] = (0.3, 0.1, 4.8)
    assert choose(counted(*rows, losses=losses), SIZES, FORGET, config) == 3
    assert choose(counted(*rows), SIZES, FORGET, config) == 1


@pytest.mark.parametrize("config", [LOWEST, highest(0.0)], ids=["lowest-forget", "highest-retain"])
def test_a_start_restricts_the_choice_even_to_worse_ones(config: SelectionConfig) -> None:
    batch = counted((10, 10, 0), (5, 5, 3), (6, 5, 3), (9, 9, 4), start=[1, 0, 0, 0])
    assert choose(batch, SIZES, FORGET, config) == 0
    assert choose(batch, SIZES, FORGET, config, start=0) == 2
    assert choose(batch, SIZES, FORGET, config, start=1) == 0


@pytest.mark.parametrize("config", [LOWEST, highest(0.2)], ids=["lowest-forget", "highest-retain"])
def test_each_start_has_a_chosen_network_of_its_own(config: SelectionConfig) -> None:
    batch = counted((10, 10, 0), (5, 5, 3), (6, 5, 3), (9, 9, 4), (1, 1, 0), start=[1, 0, 0, 4, 1])
    found = choose_each(batch, SIZES, FORGET, config)
    assert found == [choose(batch, SIZES, FORGET, config, start=start) for start in (0, 1, 4)]
    assert batch.start[found].tolist() == [0, 1, 4]


def test_without_prompts_and_starts_each_network_is_a_start_of_its_own(data: TaskData) -> None:
    batch = make_candidates(initialise(LAYOUT, 3, generator()), LAYOUT, data.validation)
    assert batch.prompt.tolist() == [-1, -1, -1]
    assert batch.start.tolist() == [0, 1, 2]


def test_batches_come_back(tmp_path: Path, batch: Candidates) -> None:
    publish_candidates(Store(tmp_path), tmp_path / "token.json", batch, LAYOUT, 4, ATTRIBUTES)
    stored = load_candidates(Store(tmp_path), tmp_path / "token.json")
    assert stored.index == 4
    assert stored.population.tolist() == [0, 1, 2, 3, 4, 5]
    assert stored.layout == LAYOUT
    for name, value in vars(batch).items():
        found: Tensor = getattr(stored.candidates, name)
        assert found.dtype == value.dtype
        assert torch.equal(found, value)


def test_the_population_comes_back(tmp_path: Path, batch: Candidates) -> None:
    publish_candidates(Store(tmp_path), tmp_path / "token.json", batch, LAYOUT, 4, ATTRIBUTES, [4, 1, 5])
    assert load_candidates(Store(tmp_path), tmp_path / "token.json").population.tolist() == [4, 1, 5]


def test_tokens_are_the_same_each_time_and_differ_with_what_they_name(
    tmp_path: Path, batch: Candidates
) -> None:
    for name, chosen in (("one", 4), ("two", 4), ("other", 3)):
        publish_candidates(
            Store(tmp_path / name), tmp_path / f"{name}.json", batch, LAYOUT, chosen, ATTRIBUTES
        )
    one, two, other = ((tmp_path / f"{name}.json").read_bytes() for name in ("one", "two", "other"))
    assert one == two
    assert one != other
    token = read_token(tmp_path / "one.json", kind="networks")
    assert token.summary == {**ATTRIBUTES, "networks": 6, "chosen": 4}
    assert token.object_id != read_token(tmp_path / "other.json").object_id


def test_damage_is_found(tmp_path: Path, batch: Candidates) -> None:
    publish_candidates(Store(tmp_path), tmp_path / "token.json", batch, LAYOUT, 4, ATTRIBUTES)
    object_id = read_token(tmp_path / "token.json").object_id
    chunk = next((Store(tmp_path).object_folder(object_id) / "data.zarr" / "params").rglob("c/*/*"))
    chunk.chmod(0o644)
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 16
    chunk.write_bytes(content)
    with pytest.raises(CorruptObjectError, match=object_id):
        load_candidates(Store(tmp_path), tmp_path / "token.json")


def test_the_exported_network_needs_no_code_of_ours(
    tmp_path: Path, batch: Candidates, data: TaskData
) -> None:
    path = tmp_path / "new" / "forget-2.safetensors"
    export_chosen(path, batch, LAYOUT, 4, data, ATTRIBUTES)
    network = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    network.load_state_dict(load_file(path))
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    assert metadata == {**ATTRIBUTES, "sizes": "6-5-3", "mean": "4.9", "std": "6.1"}
    pixels = data.test.images * 6.1 + 4.9
    with torch.no_grad():
        found = network((pixels - float(metadata["mean"])) / float(metadata["std"]))
    expected = forward(batch.params[4:5], LAYOUT, data.test.images)[0]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_deeper_networks_are_exported_too(tmp_path: Path, data: TaskData) -> None:
    deep = Layout((6, 5, 4, 3))
    batch = make_candidates(initialise(deep, 2, generator()), deep, data.validation)
    export_chosen(tmp_path / "deep.safetensors", batch, deep, 1, data, ATTRIBUTES)
    network = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    network.load_state_dict(load_file(tmp_path / "deep.safetensors"))
    expected = forward(batch.params[1:], deep, data.test.images)[0]
    torch.testing.assert_close(network(data.test.images).detach(), expected, atol=1e-5, rtol=1e-5)


def test_the_exported_file_is_the_same_each_time(tmp_path: Path, batch: Candidates, data: TaskData) -> None:
    contents = set()
    for copy in range(5):
        export_chosen(tmp_path / f"{copy}.safetensors", batch, LAYOUT, 4, data, ATTRIBUTES)
        contents.add((tmp_path / f"{copy}.safetensors").read_bytes())
    assert len(contents) == 1
