"""What hypernetworks are told, for every conditioning, and the encoding of scalars."""

import numpy as np
import pytest
import torch

from hyperforget.config import load_config, reads_start
from hyperforget.hypernet.conditioning import CONDITIONINGS, compress, frequency_encoding

TARGET = torch.tensor([[0.0, 1.0, 8.0], [0.5, 0.1, 2.0]])
START = torch.tensor([[1.2, 1.0, 1.1], [0.3, 9.0, 0.0]])


@pytest.fixture(params=sorted(CONDITIONINGS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("count", [1, 2, 4, 10, 20])
def test_the_declared_count_is_the_width_of_the_scalars(name: str, count: int) -> None:
    conditioning = CONDITIONINGS[name]
    told = torch.rand(5, count)
    scalars = conditioning.scalars(told, told.flip(0) if conditioning.uses_start else None)
    assert scalars.shape == (5, conditioning.scalar_count(count))
    assert scalars.isfinite().all()


def test_only_those_that_use_a_start_read_its_losses(name: str) -> None:
    conditioning = CONDITIONINGS[name]
    told = conditioning.scalars(TARGET, START)
    assert torch.equal(told, conditioning.scalars(TARGET, START + 1)) != conditioning.uses_start
    if not conditioning.uses_start:
        assert torch.equal(told, conditioning.scalars(TARGET, None))


def test_all_read_the_wanted_losses(name: str) -> None:
    scalars = CONDITIONINGS[name].scalars
    for label in range(3):
        other = TARGET.clone()
        other[:, label] += 0.5
        assert not torch.equal(scalars(TARGET, START), scalars(other, START))


def test_the_configuration_knows_which_read_a_start(name: str) -> None:
    assert reads_start(name) == CONDITIONINGS[name].uses_start


@pytest.mark.parametrize(("name", "count"), [("gpt", 1), ("dihyfo-1", 3)])
def test_gpt_and_dihyfo_1_are_told_the_start_and_the_change(name: str, count: int) -> None:
    told = CONDITIONINGS[name].scalars(TARGET[:, :count], START[:, :count]).numpy()
    start, target = START[:, :count].numpy(), TARGET[:, :count].numpy()
    np.testing.assert_allclose(told, np.concatenate([start, target - start], axis=1), atol=1e-6)


def test_gpt_is_told_one_number_and_the_others_one_or_two_a_class(name: str) -> None:
    tasks = {"digits": {"classes": [0, 1, 2], "hidden": [5], "pivots": [0], "forget": ["1"]}}
    for told, count in (
        (["loss"], 10),
        (["loss", "discriminability"], 20),
        (["loss", "discriminability", "separability"], 30),
    ):
        performance = load_config({"tasks": tasks, "models": {name: {"told": told}}}).performance(name)
        assert performance.count(10) == (1 if name == "gpt" else count)
        assert CONDITIONINGS[name].per_class == (performance.classes == "each")


def test_losses_are_compressed_by_a_logarithm_that_keeps_zero() -> None:
    np.testing.assert_allclose(compress(TARGET).numpy(), np.log1p(TARGET.numpy()), atol=1e-6)
    assert compress(torch.zeros(1)) == 0


@pytest.mark.parametrize(("frequencies", "largest"), [(1, 4.0), (4, 3.0), (16, 4.0), (128, 14.0)])
def test_frequency_encoding_is_sines_and_cosines_of_powers_of_two(frequencies: int, largest: float) -> None:
    values = np.array([[0.0, 0.3, -1.7], [2.5, 0.01, 1.0]])
    encoded = frequency_encoding(torch.tensor(values), frequencies, largest).numpy()
    exponents = [0.0] if frequencies == 1 else [largest * i / (frequencies - 1) for i in range(frequencies)]
    assert encoded.shape == (2, 3, 2 * frequencies + 1)
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        angles = [value * 2**exponent for exponent in exponents]
        expected = [value, *map(np.sin, angles), *map(np.cos, angles)]
        # Frequencies are float32: at 2^14 an angle is off by up to 2^14 * 6e-8 * |value|.
        np.testing.assert_allclose(encoded[row, column], expected, atol=1e-6 + 2**largest * 4e-7)
