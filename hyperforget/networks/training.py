"""Training many main networks at once on minibatches.

All networks of a population read the same minibatch; each draws its own examples from it (a Bernoulli keep-mask over
the minibatch), so two networks with a common start still differ, and classes are undersampled or deleted by lowering
their keep rate. The first layer of all networks is then one matrix product. All that is random is drawn on the CPU, so
that every device sees the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.networks.batch import Networks
from hyperforget.networks.update_rules import UPDATE_RULES
from hyperforget.progress import progress
from hyperforget.runtime.device import computes_in_bfloat16
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from hyperforget.runtime.saved_state import State


@dataclass(frozen=True)
class Curriculum:
    """What N networks are shown, and how fast they learn from it.

    Of each class they are shown the share ``before`` (N, C) up to step ``switch`` (N,), then ``after`` (N, C);
    ``learning_rates`` (N,) multiply that of a recipe.
    """

    before: Tensor
    after: Tensor
    switch: Tensor
    learning_rates: Tensor

    def __getitem__(self, rows: Tensor) -> "Curriculum":
        """That of some of the networks, in that order."""
        return Curriculum(*(values[rows] for values in vars(self).values()))

    def rates(self, step: int) -> Tensor:
        """The keep rates (N, C) at a step."""
        return torch.where((step < self.switch).unsqueeze(1), self.before, self.after)

    def to(self, device: torch.device) -> "Curriculum":
        """The same on a device."""
        return Curriculum(*(values.to(device) for values in vars(self).values()))


def constant_curriculum(rates: Tensor) -> Curriculum:
    """The same ``rates`` (N, C) from the first step to the last, at the recipe's learning rate."""
    count = rates.shape[0]
    return Curriculum(rates, rates, torch.zeros(count, dtype=torch.int64), torch.ones(count))


@dataclass(frozen=True)
class Hooks:
    """What goes on beside training: ``observe(step, networks)`` is called after each of ``steps``, with a copy of the
    networks on the device that computes, and what is done is saved by ``resuming``.
    """

    observe: Callable[[int, Networks], None] = lambda step, networks: None
    steps: frozenset[int] = frozenset()
    resuming: Resuming = NOT_RESUMING


_NO_HOOKS = Hooks()

_MANY_INPUTS = 256


def train_population(
    starts: Networks,
    split: Split,
    recipe: RecipeConfig,
    curriculum: Curriculum,
    generator: torch.Generator,
    hooks: Hooks = _NO_HOOKS,
) -> Networks:
    """Train ``starts`` on a ``split`` as the recipe says, and return the networks, on the CPU.

    It computes where the split lies. Training the networks one by one on the same minibatches gives the same.
    Parameters, their gradients and updates are float32; the products of the first layer are what `recipe.precision`
    says.
    """
    layout, device, rule = starts.layout, split.images.device, UPDATE_RULES[recipe.optimizer]
    half = _multiplies_in_bfloat16(recipe.precision, layout.inputs, device)
    shown = split.images.bfloat16() if half else split.images
    curriculum = curriculum.to(device)
    learning_rates = recipe.learning_rate * curriculum.learning_rates
    # Flat, the networks and what the rule remembers of them (1 + slots, N, P).
    flat, done = torch.stack([starts.params, *[torch.zeros_like(starts.params)] * rule.slots]), 0

    @torch.no_grad()
    def state() -> State:
        flat = torch.stack([layout.join(each) for each in (parts, *slots)])
        return State({"flat": flat, "generator": generator.get_state()}, {"done": done})

    with hooks.resuming.part("step", state) as saved:
        if saved is not None:
            flat, done = saved.tensors["flat"], saved.facts["done"]
            generator.set_state(saved.tensors["generator"])
        parts, *slots = ([part.clone() for part in layout.split(each)] for each in flat.to(device))
        for part in parts:
            part.requires_grad_()
        rates = [learning_rates.view(-1, *[1] * (part.dim() - 1)) for part in parts]
        remaining = range(done + 1, recipe.steps + 1)
        for step in progress(remaining, recipe.steps, f"training {len(starts)} networks", initial=done):
            hooks.resuming.save_if_due()
            rows = torch.randint(split.labels.shape[0], (recipe.batch_size,), generator=generator).to(device)
            images, targets = shown[rows], split.targets[rows]
            weights = example_weights(split.labels[rows], curriculum.rates(step - 1), recipe.share, generator)
            loss = weighted_loss(layout.forward_parts(parts, images.T)[1], targets, weights)
            gradients = torch.autograd.grad(loss, parts)
            with torch.no_grad():
                for part, gradient, rate, *own in zip(parts, gradients, rates, *slots, strict=True):
                    rule.update(part, gradient, own, rate, step, recipe)
                done = step
                if step in hooks.steps:
                    hooks.observe(step, Networks(layout.join([part.detach() for part in parts]), layout))
    return Networks(layout.join([part.detach() for part in parts]).cpu(), layout)


def _multiplies_in_bfloat16(precision: str, inputs: int, device: torch.device) -> bool:
    """Whether the first layer does; with few inputs, rounding to it costs more than it saves."""
    few = precision == "auto" and inputs < _MANY_INPUTS
    return not few and computes_in_bfloat16(precision, device)


def example_weights(labels: Tensor, rates: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Weights (N, B) of a minibatch's examples for each network: zero where not drawn, else equal, of sum 1.

    Network n draws an example of class c with probability ``share * rates[n, c]``; one that draws nothing has zero
    weights, hence no gradient.
    """
    uniform = torch.rand(rates.shape[0], labels.shape[0], generator=generator).to(labels.device)
    drawn = uniform < share * rates[:, labels]
    return drawn / drawn.sum(dim=1, keepdim=True).clamp(min=1)


def weighted_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Sum of all weighted cross-entropies in nats: logits (N, C, B), labels (B,), weights (N, B)."""
    index = labels.expand(logits.shape[0], 1, -1)
    return -(F.log_softmax(logits, dim=1).gather(1, index).squeeze(1) * weights).sum()
