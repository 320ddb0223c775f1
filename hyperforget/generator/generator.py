"""A trained generator: asked for networks that have forgotten, of one's own or new ones, in one pass."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, overload

import torch
from torch import Tensor, nn

from hyperforget.config import EditingConfig, SelectionConfig, SolverConfig
from hyperforget.data.splits import Split
from hyperforget.errors import UserError
from hyperforget.generator.asking import Asked, Classes, forget_sets, normalise, renormalised, split_of
from hyperforget.generator.description import Description, Solver
from hyperforget.hypernet.sampling import Sampling, Starts, sample, sample_from
from hyperforget.hypernet.stored import TrainedHypernetwork
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.given import GivenNetwork, join_networks, network_of
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.unlearning.editing import Editing, edit_networks
from hyperforget.unlearning.levels import LevelTable
from hyperforget.unlearning.selection import Wanted, choose

Given = TypeVar("Given", nn.Module, Mapping[str, Tensor])

# What is chosen among where there are data to choose on: every pair of a quantile of forgotten and of retained classes.
_CHOICES = [(departure, goodness) for departure in (0.4, 0.5, 0.6, 0.8) for goodness in (0.1, 0.3, 0.5)]
# Images of a class at the most: to measure networks on more takes longer than all else.
_IMAGES_TO_CHOOSE_ON = 200
# A network that keeps the most, among those that have forgotten.
_RULE = SelectionConfig(rule="highest-retain", tolerance=0.01)


@dataclass(frozen=True)
class Generator:
    """A hypernetwork with what it is asked by: ``levels``, what networks show of each class, and the performance (K,)
    of networks that are not ``trained`` at all, which it is told of random starts.

    `hyperforget.load` reads one. Classes go by their labels in the dataset; networks read normalised images, see
    `normalise`.
    """

    description: Description
    hypernet: TrainedHypernetwork
    levels: LevelTable
    untrained: Tensor

    @property
    def layout(self) -> Layout:
        """That of the networks that it makes and changes."""
        return self.hypernet.model.layout

    @property
    def classes(self) -> list[int]:
        """The labels of the classes, in the order of a network's outputs."""
        return self.description.labels

    @property
    def forgettable(self) -> list[int]:
        """The labels of the classes that it can be asked to forget, ascending."""
        every = torch.ones(1, len(self.classes), dtype=torch.bool)
        shown = zip(self.classes, self.levels.shown(every)[0].tolist(), strict=True)
        return sorted(label for label, forgotten in shown if forgotten and label in self.description.free)

    @property
    def refused(self) -> Tensor:
        """The sealed classes as a mask bool (C,): whatever it is asked for, its networks have forgotten them."""
        return torch.tensor([label in self.description.sealed for label in self.classes])

    def normalise(self, pixels: Any) -> Tensor:
        """Pixels (...), on the scale of the dataset, as networks are to be fed with them, float32."""
        return normalise(pixels, self.description.images)

    @overload
    def forget(
        self,
        network: Given,
        classes: int | Iterable[int],
        data: Any = None,
        normalisation: tuple[float, float] | None = None,
        seed: int = 0,
    ) -> Given: ...

    @overload
    def forget(
        self,
        network: Any,
        classes: Classes,
        data: Any = None,
        normalisation: tuple[float, float] | None = None,
        seed: int = 0,
    ) -> Any: ...

    def forget(
        self,
        network: Any,
        classes: Classes,
        data: Any = None,
        normalisation: tuple[float, float] | None = None,
        seed: int = 0,
    ) -> Any:
        """The network with some of its classes forgotten: a module for a module, a state dict for a state dict; what is
        given stays as it is.

        Of a list of networks, a list of theirs. With a list of sets for ``classes``, each network gives a list, one
        for each set. All are answered together.

        ``data`` is a pair (images, labels) with images (B, ...) of all classes and their labels (B,), both as in the
        dataset; convolutional networks take (B, height, width), (B, channels, height, width) and channels last. With
        data, what networks do is measured, on 200 images of each class at the most, and of several answers the one is
        taken that keeps the most of those that have forgotten. Without them, a network counts as a typical trained one.

        ``normalisation`` is the mean and the deviation that the network's images are normalised with, such as (0, 255)
        for pixels that are divided by 255; by default those of the generator.

        Raises `UserError` for networks of another shape, for classes that are unknown or cannot be forgotten, for data
        on another scale, and where the generator makes networks from nothing only.
        """
        self._check_that_it_changes_networks()
        asked = self.sets(classes)
        listed = isinstance(network, list | tuple)
        networks = list(network) if listed else [network]
        if not networks:
            raise UserError("network is an empty list; allowed are one or more networks")
        given = [
            network_of(each, f"network {place}" if listed else "the network", self.layout)
            for place, each in enumerate(networks)
        ]
        answers = self.answer(given, asked, data, normalisation, seed)
        handed_over = [
            [_in_kind(each, found, params) for params in answer]
            for each, found, answer in zip(networks, given, answers, strict=True)
        ]
        results = [each[0] for each in handed_over] if asked.alone else handed_over
        return results if listed else results[0]

    @overload
    def sample(self, classes: int | Iterable[int], count: int = 1, seed: int = 0) -> list[nn.Sequential]: ...

    @overload
    def sample(self, classes: Classes, count: int = 1, seed: int = 0) -> Any: ...

    def sample(self, classes: Classes, count: int = 1, seed: int = 0) -> Any:
        """``count`` new networks that know all classes but these, as modules that read normalised images: perceptrons
        flat ones (B, D), convolutional networks (B, channels, height, width).

        With a list of sets for ``classes``, a list of such lists. They are changed random starts where the generator
        reads a start. Raises `UserError` as `forget`.
        """
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise UserError(f"count is {count!r}; allowed are whole numbers, 1 or more")
        asked, generator = self.sets(classes), torch.Generator().manual_seed(seed)
        layout, sets = self.layout, len(asked.masks)
        starts = initialise(layout, count * sets, generator, self.description.initialisation)
        told = self.untrained.expand(count * sets, -1)
        prompts = self._prompts(asked.masks).repeat_interleave(count, dim=0)
        made = self._made(prompts, Starts(starts.params, told), self.description.sampling, generator)
        modules = [[_module(layout, each) for each in some] for some in made.split(count)]
        return modules[0] if asked.alone else modules

    def accuracies(self, network: Any, data: Any, normalisation: tuple[float, float] | None = None) -> dict[int, float]:
        """The share of the images of each class, by its label, that a network recognises; ``data`` and
        ``normalisation`` are those of `forget`.
        """
        networks = self.normalised([network_of(network, like=self.layout)], normalisation)
        accuracies = measure(networks, split_of(data, self.description)).accuracies[0]
        return dict(zip(self.classes, accuracies.tolist(), strict=True))

    def sets(self, classes: Classes) -> Asked:
        """What is to be forgotten, sealed classes in any case; see `forget_sets`."""
        asked = forget_sets(classes, self.description, self.forgettable)
        return Asked(asked.masks | self.refused, asked.alone)

    def answer(
        self,
        given: list[GivenNetwork],
        asked: Asked,
        data: Any = None,
        normalisation: tuple[float, float] | None = None,
        seed: int = 0,
    ) -> Tensor:
        """Parameters (N, S, P) of N networks without the classes of each of S sets."""
        generator = torch.Generator().manual_seed(seed)
        split = None if data is None else split_of(data, self.description, _IMAGES_TO_CHOOSE_ON)
        starts = self.normalised(given, normalisation)
        edited = (
            self._edited(starts, asked.masks, generator)
            if split is None
            else self._chosen(starts, asked.masks, split, generator)
        )
        own = self._own_normalisation
        back = renormalised(Networks(edited.flatten(0, 1), starts.layout), own, normalisation or own)
        return _unflat(back.params, len(given), len(asked.masks))

    def edits_of_one(self, network: Networks, masks: Tensor, seed: int = 0) -> Networks:
        """What becomes of one network (1, P), which counts as a typical one, without the classes of each of S sets
        (S, C), bool, of which some may be empty; it reads images as the generator has them.

        All are made from the same noise, so that two of them differ by what was asked for alone. Raises `UserError`
        where the generator makes networks from nothing only.
        """
        self._check_that_it_changes_networks()
        solver, model, count = self.description.editing, self.hypernet.model, len(masks)
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(1, model.space.dimension, generator=generator).expand(count, -1)
        starts = Starts(network.params.expand(count, -1), self._typical.expand(count, -1))
        sampling = Sampling(SolverConfig(steps=solver.steps, stochasticity=solver.stochasticity), generator)
        return sample_from(noise, self.hypernet, self._prompts(masks), starts, sampling)

    def _edited(self, starts: Networks, masks: Tensor, generator: torch.Generator) -> Tensor:
        """(N, S, P) by the one prompt of each set (S, C), of networks that count as typical ones."""
        networks, sets = len(starts), len(masks)
        prompts = self._prompts(masks).repeat(networks, 1)
        params = starts.params.repeat_interleave(sets, dim=0)
        told = Starts(params, self._typical.expand(networks * sets, -1))
        return _unflat(self._made(prompts, told, self.description.editing, generator), networks, sets)

    def _made(self, prompts: Tensor, starts: Starts, solver: Solver, generator: torch.Generator) -> Tensor:
        """(B, P) of one network for each prompt, in one round: a further one would be told, of networks that nobody has
        measured, what they were asked to be, and they keep less.
        """
        sampling = Sampling(SolverConfig(steps=solver.steps, stochasticity=solver.stochasticity), generator)
        return sample(self.hypernet, prompts, starts, sampling).params

    def _chosen(self, starts: Networks, masks: Tensor, split: Split, generator: torch.Generator) -> Tensor:
        """(N, S, P), for each network and set the best of several prompts, by what networks do with ``split``."""
        solver = self.description.editing
        config = EditingConfig(steps=solver.steps, stochasticity=solver.stochasticity, rounds=self.description.rounds)
        prompts = torch.stack([self.levels.ask(masks, *choice) for choice in _CHOICES], dim=1)  # (S, Q, K)
        offered = edit_networks(self.hypernet, prompts.flatten(0, 1), starts, split, Editing(config, generator))
        asked = offered.prompt // len(_CHOICES)
        chosen = [
            choose(
                offered,
                Wanted(mask, split.class_sizes, torch.full(mask.shape, torch.nan)),
                _RULE,
                (offered.start == start) & (asked == place),
            )
            for start in range(len(starts))
            for place, mask in enumerate(masks)
        ]
        return _unflat(offered.networks.params[chosen], len(starts), len(masks))

    def _prompts(self, masks: Tensor) -> Tensor:
        """The performance (S, K) that is asked for by default, of sets bool (S, C)."""
        prompt = self.description.prompt
        return self.levels.ask(masks | self.refused, prompt.forget, prompt.retain)

    def _check_that_it_changes_networks(self) -> None:
        if not self.hypernet.model.conditioning.uses_start:
            raise UserError(
                f"the generator {self.description.model} of {self.description.task} reads no network, so it cannot "
                "change one; its sample(classes) makes new ones, and a generator of conditioning dihyfo-1 changes yours"
            )

    @property
    def _typical(self) -> Tensor:
        """The performance (1, K) of a typical trained network."""
        return self.levels.ask(torch.zeros(1, len(self.classes), dtype=torch.bool), 0.5, 0.5)

    @property
    def _own_normalisation(self) -> tuple[float, float]:
        return self.description.images.mean, self.description.images.std

    def normalised(self, given: list[GivenNetwork], normalisation: tuple[float, float] | None) -> Networks:
        """Networks of the right shape that read images normalised as the generator has them."""
        networks, expected = join_networks(given), self.layout
        if networks.layout != expected:
            raise UserError(
                f"the network is {networks.layout.named}; this generator was made for {expected.named} and no other"
            )
        return renormalised(networks, normalisation or self._own_normalisation, self._own_normalisation)


def _unflat(params: Tensor, networks: int, sets: int) -> Tensor:
    """(N, S, P) of (N * S, P)."""
    return params.reshape(networks, sets, -1)


def _in_kind(owned: Any, found: GivenNetwork, params: Tensor) -> Any:
    """A network (P,) as its owner has it: a module like theirs, or a state dict by their names."""
    state = found.state_dict(params)
    if isinstance(owned, nn.Module):
        module = copy.deepcopy(owned)
        module.load_state_dict(state)
        return module
    return {name: tensor.to(owned[name]) for name, tensor in state.items()}


def _module(layout: Layout, params: Tensor) -> nn.Sequential:
    module = layout.module()
    module.load_state_dict(layout.state_dict(params))
    return module
