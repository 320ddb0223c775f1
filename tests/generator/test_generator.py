"""Requests to a generator, against the hypernetwork asked by hand, and against each other."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from hyperforget.errors import UserError
from hyperforget.generator.asking import renormalised, split_of
from hyperforget.generator.generator import _CHOICES, Generator
from hyperforget.metrics.measuring import measure
from hyperforget.networks.forward import forward
from hyperforget.networks.given import network_of

Data = tuple[np.ndarray, np.ndarray]


def flat(module: nn.Module) -> torch.Tensor:
    return network_of(module).networks.params


def state_of(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def test_without_data_an_edit_is_one_evaluation_told_of_a_typical_network(
    generator: Generator, network: nn.Sequential
) -> None:
    model, none, mask = generator.hypernet.model, torch.zeros(1, 4).bool(), torch.tensor([[False, True, True, False]])
    noise = torch.randn(1, model.space.dimension, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        expected = model(
            noise,
            torch.ones(1),
            generator.levels.ask(mask, 0.6, 0.3),
            model.space.normalise(flat(network)),
            generator.levels.ask(none, 0.5, 0.5),
        )
    edited = generator.forget(network, [11, 5], seed=7)
    torch.testing.assert_close(flat(edited), model.space.denormalise(expected))


def test_further_rounds_are_for_those_who_have_data(
    make_generator: Callable[..., Generator], network: nn.Sequential, data: Data
) -> None:
    once, twice = make_generator(), make_generator(rounds=2)
    torch.testing.assert_close(flat(twice.forget(network, 5)), flat(once.forget(network, 5)), rtol=0, atol=0)
    assert not torch.equal(flat(twice.forget(network, 5, data=data)), flat(once.forget(network, 5, data=data)))


def test_what_is_given_stays_and_comes_back_in_kind(generator: Generator, network: nn.Sequential) -> None:
    before = state_of(network)
    module = generator.forget(network, classes=[5])
    assert isinstance(module, nn.Sequential)
    state = generator.forget(before, classes=[5])
    assert list(state) == list(before)
    for name, tensor in before.items():
        torch.testing.assert_close(network.state_dict()[name], tensor, rtol=0, atol=0)
        torch.testing.assert_close(state[name], module.state_dict()[name])
        assert not torch.equal(state[name], tensor)


def test_whatever_a_module_calls_its_layers(generator: Generator, network: nn.Sequential) -> None:
    class Mine(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.output = nn.Linear(5, 4).double()
            self.hidden = nn.Linear(6, 5).double()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = self.output(self.hidden(images.flatten(1)).relu())
            return result

    mine = Mine()
    mine.hidden.load_state_dict(network[0].state_dict())
    mine.output.load_state_dict(network[2].state_dict())
    forgotten, expected = generator.forget(mine, [5]), generator.forget(network, [5])
    assert isinstance(forgotten, Mine)
    torch.testing.assert_close(forgotten.output.weight.float(), expected.state_dict()["2.weight"])
    assert forgotten.output.weight.dtype == torch.float64
    assert forgotten.output.weight.requires_grad


def test_several_are_answered_as_each_by_itself(
    make_generator: Callable[..., Generator], network: nn.Sequential
) -> None:
    # Noise plays no part where one evaluation starts from nothing else.
    generator, other = make_generator(), nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4))
    sets = [[5], [11], [5, 11]]
    together = generator.forget([network, other], classes=sets)
    assert [len(each) for each in together] == [3, 3]
    dimension, draws = generator.hypernet.model.space.dimension, torch.Generator().manual_seed(0)
    noise = torch.randn(6, dimension, generator=draws)
    model, typical = generator.hypernet.model, generator.levels.ask(torch.zeros(1, 4).bool(), 0.5, 0.5)
    for row, (given, classes) in enumerate((each, some) for each in (network, other) for some in sets):
        mask = generator.sets(classes).masks
        with torch.no_grad():
            start = model.space.normalise(flat(given))
            clean = model(noise[row : row + 1], torch.ones(1), generator.levels.ask(mask, 0.6, 0.3), start, typical)
        torch.testing.assert_close(
            flat(together[row // 3][row % 3]), model.space.denormalise(clean), rtol=1e-4, atol=1e-5
        )
    [alone] = generator.forget([network], classes=[5])
    torch.testing.assert_close(flat(alone), flat(generator.forget(network, 5)))
    [[listed]] = generator.forget([network], classes=[[5]])
    torch.testing.assert_close(flat(listed), flat(alone))


def test_a_seed_gives_the_same_and_another_another(generator: Generator, network: nn.Sequential) -> None:
    first, again, other = (flat(generator.forget(network, 5, seed=seed)) for seed in (1, 1, 2))
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.equal(first, other)
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    generator.forget(network, 5)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_networks_that_read_pixels_normalised_otherwise_are_the_same_functions(
    generator: Generator, network: nn.Sequential, data: Data
) -> None:
    pixels = torch.from_numpy(data[0]).float().flatten(1)
    own = (generator.description.images.mean, generator.description.images.std)
    given = network_of(network).networks
    scaled = renormalised(given, own, (0.0, 12.0))
    expected = forward(given, generator.normalise(pixels))
    torch.testing.assert_close(forward(scaled, pixels / 12), expected, rtol=1e-4, atol=1e-5)
    [again] = renormalised(scaled, (0.0, 12.0), own).params
    torch.testing.assert_close(again, given.params[0])
    state = given.layout.state_dict(scaled.params[0])
    edited = network_of(generator.forget(state, 5, normalisation=(0.0, 12.0))).networks
    forgotten = network_of(generator.forget(network, 5)).networks
    expected = forward(forgotten, generator.normalise(pixels))
    torch.testing.assert_close(forward(edited, pixels / 12), expected, rtol=1e-4, atol=1e-4)


def test_with_data_the_best_of_several_prompts_is_taken(
    make_generator: Callable[..., Generator], network: nn.Sequential, data: Data
) -> None:
    generator = make_generator()
    split, images = split_of(data, generator.description), generator.normalise(data[0])
    sets = [[5], [5, 11]]
    chosen = generator.forget(network, classes=sets, data=data)
    start = network_of(network).networks
    told = measure(start, split)
    performance = torch.cat([told.losses, told.discriminability, told.separability], dim=1)
    masks = generator.sets(sets).masks
    prompts = torch.cat([generator.levels.ask(mask.unsqueeze(0), *choice) for mask in masks for choice in _CHOICES])
    model = generator.hypernet.model
    noise = torch.randn(len(prompts), model.space.dimension, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        starts = model.space.normalise(start.params).expand(len(prompts), -1)
        clean = model(noise, torch.ones(len(prompts)), prompts, starts, performance.expand(len(prompts), -1))
    every = model.space.denormalise(clean).unflatten(0, (2, len(_CHOICES)))
    labels = torch.from_numpy(data[1])
    for params, picked, classes in zip(every, chosen, sets, strict=True):
        forgotten = torch.isin(labels, torch.tensor(classes))

        def shares(given: torch.Tensor, forgotten: torch.Tensor = forgotten) -> tuple[float, float]:
            networks = type(start)(given.reshape(1, -1), start.layout)
            right = forward(networks, images.flatten(1))[0].argmax(1) == split.labels
            return float(right[forgotten].float().mean()), float(right[~forgotten].float().mean())

        measured = [shares(each) for each in params]
        lowest = min(max(forget - 0.01, 0) for forget, _ in measured)
        kept = max(retain for forget, retain in measured if max(forget - 0.01, 0) == lowest)
        forget, retain = shares(flat(picked))
        assert max(forget - 0.01, 0) == pytest.approx(lowest)
        assert retain == pytest.approx(kept)


def test_accuracies_are_counted_by_label(generator: Generator, network: nn.Sequential, data: Data) -> None:
    images, labels = data
    with torch.no_grad():
        answers = network(generator.normalise(images).flatten(1)).argmax(1).numpy()
    expected = {label: float((answers[labels == label] == place).mean()) for place, label in enumerate([2, 5, 11, 13])}
    assert generator.accuracies(network, data) == pytest.approx(expected)
    assert generator.accuracies(network.state_dict(), (torch.from_numpy(images), list(labels))) == pytest.approx(
        expected
    )


@pytest.mark.parametrize("conditioning", ["dihyfo-1", "dihyfo-2"])
def test_new_networks_are_modules_that_differ(make_generator: Callable[..., Generator], conditioning: str) -> None:
    generator = make_generator(conditioning)
    some = generator.sample(classes=[5, 11], count=3)
    assert [type(each) for each in some] == [nn.Sequential] * 3
    assert some[0](torch.zeros(2, 6)).shape == (2, 4)
    assert not torch.equal(flat(some[0]), flat(some[1]))
    again = generator.sample([[5, 11], [5]], count=3)
    assert [len(each) for each in again] == [3, 3]
    one = generator.sample([5])
    assert len(one) == 1


def test_of_a_generator_that_reads_nothing_networks_come_from_noise_alone(
    make_generator: Callable[..., Generator],
) -> None:
    generator = make_generator("dihyfo-2", sampling=make_generator().description.editing)
    draws = torch.Generator().manual_seed(0)
    # Random starts are drawn before, and ignored.
    torch.rand(2, generator.layout.size, generator=draws)
    model = generator.hypernet.model
    noise = torch.randn(2, model.space.dimension, generator=draws)
    mask = torch.tensor([[False, True, False, False]])
    with torch.no_grad():
        clean = model(noise, torch.ones(2), generator.levels.ask(mask, 0.6, 0.3).expand(2, -1))
    made = torch.cat([flat(each) for each in generator.sample([5], count=2)])
    torch.testing.assert_close(made, model.space.denormalise(clean))


def test_one_that_reads_no_network_changes_none(
    make_generator: Callable[..., Generator], network: nn.Sequential
) -> None:
    with pytest.raises(UserError, match=r"reads no network.*sample\(classes\) makes new ones"):
        make_generator("dihyfo-2").forget(network, [5])


@pytest.mark.parametrize("count", [0, -1, 2.0, True])
def test_how_many_is_a_whole_number(generator: Generator, count: int) -> None:
    with pytest.raises(UserError, match=r"count is .*; allowed are whole numbers, 1 or more"):
        generator.sample([5], count=count)


def test_networks_of_another_shape_are_refused(generator: Generator, network: nn.Sequential) -> None:
    wider = nn.Sequential(nn.Linear(6, 7), nn.ReLU(), nn.Linear(7, 4))
    with pytest.raises(UserError, match="is an MLP 6-7-4; this generator was made for an MLP 6-5-4"):
        generator.forget(wider, [5])
    with pytest.raises(UserError, match="network 1 is an MLP 6-7-4"):
        generator.forget([network, wider], [5])
    with pytest.raises(UserError, match="network is an empty list"):
        generator.forget([], [5])


def test_a_network_with_a_number_that_is_none_is_refused(generator: Generator, network: nn.Sequential) -> None:
    with torch.no_grad():
        network.get_parameter("2.bias")[1] = torch.nan
    with pytest.raises(UserError, match=r"'2\.bias' that are NaN or infinite"):
        generator.forget(network, [5])
