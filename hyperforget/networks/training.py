"""Training many main networks at once on minibatches.

All networks of a population read the same minibatch; each draws its own examples from it (a Bernoulli
keep-mask over the minibatch), so two networks with a common start still differ, and classes are undersampled
or deleted by lowering their keep rate. The first layer of all networks is then one matrix product. All that
is random is drawn on the CPU, so that every device sees the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from hyperforget.config import RecipeConfig
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import forward_parts
from hyperforget.networks.update_rules import UPDATE_RULES
from hyperforget.progress import progress
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from hyperforget.runtime.saved_state import State


@dataclass(frozen=True)
class Curriculum:
    """Which share of each class a network is shown: ``before`` (N, C) up to step ``switch`` (N,), then
    ``after`` (N, C).
    """

    before: Tensor
    after: Tensor
    switch: Tensor

    def rates(self, step: int) -> Tensor:
        """The keep rates (N, C) at a step."""
        return torch.where((step < self.switch).unsqueeze(1), self.before, self.after)

    def on(self, device: torch.device) -> "Curriculum":
        """The same on a device."""
        return Curriculum(self.before.to(device), self.after.to(device), self.switch.to(device))


def constant_curriculum(rates: Tensor) -> Curriculum:
    """The same ``rates`` (N, C) from the first step to the last."""
    return Curriculum(rates, rates, torch.zeros(rates.shape[0], dtype=torch.int64))


def train_population(
    starts: Tensor,
    layout: Layout,
    images: Tensor,
    labels: Tensor,
    recipe: RecipeConfig,
    steps: int,
    curriculum: Curriculum,
    learning_rates: Tensor,
    generator: torch.Generator,
    observe: Callable[[int, Tensor], None] | None = None,
    observed_steps: frozenset[int] = frozenset(),
    resuming: Resuming = NOT_RESUMING,
) -> Tensor:
    """Train N networks from ``starts`` (N, P) for ``steps`` steps and return their parameters (N, P).

    ``images`` (B, D) and ``labels`` (B,) are the training split, on the device that computes; ``learning_rates``
    (N,) multiply ``recipe.learning_rate``. ``observe(step, params)`` is called after each step of
    ``observed_steps`` with a copy of the parameters, on that device. Equal to training the networks one by one on
    the same weighted minibatches.
    """
    device, rule = images.device, UPDATE_RULES[recipe.optimizer]
    curriculum, learning_rates = curriculum.on(device), recipe.learning_rate * learning_rates.to(device)
    # Flat, the networks and what the rule remembers of them (1 + slots, N, P).
    flat, done = torch.stack([starts, *[torch.zeros_like(starts)] * rule.slots]), 0

    @torch.no_grad()
    def state() -> State:
        flat = torch.stack([layout.join(each) for each in (parts, *slots)])
        return State({"flat": flat, "generator": generator.get_state()}, {"done": done})

    with resuming.part("step", state) as found:
        if found is not None:
            flat, done = found.tensors["flat"], found.facts["done"]
            generator.set_state(found.tensors["generator"])
        parts, *slots = ([part.clone() for part in layout.split(each)] for each in flat.to(device))
        for part in parts:
            part.requires_grad_()
        rates = [learning_rates.view(-1, *[1] * (part.dim() - 1)) for part in parts]
        remaining = range(done + 1, steps + 1)
        for step in progress(remaining, steps, f"training {starts.shape[0]} networks", initial=done):
            resuming.save_if_due()
            rows = torch.randint(labels.shape[0], (recipe.batch_size,), generator=generator).to(device)
            weights = example_weights(labels[rows], curriculum.rates(step - 1), recipe.share, generator)
            loss = weighted_loss(forward_parts(parts, images[rows].T), labels[rows], weights)
            gradients = torch.autograd.grad(loss, parts)
            with torch.no_grad():
                for part, gradient, rate, *own in zip(parts, gradients, rates, *slots, strict=True):
                    rule.update(part, gradient, own, rate, step, recipe)
                done = step
                if observe is not None and step in observed_steps:
                    observe(step, layout.join([part.detach() for part in parts]))
    return layout.join([part.detach() for part in parts]).cpu()


def example_weights(labels: Tensor, rates: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Weights (N, B) of a minibatch's examples, one network a row: zero where not drawn, else equal, with
    sum one.

    Network n draws an example of class c with probability ``share * rates[n, c]``; one that draws nothing
    has zero weights, hence no gradient.
    """
    uniform = torch.rand(rates.shape[0], labels.shape[0], generator=generator).to(labels.device)
    drawn = uniform < share * rates[:, labels]
    return drawn / drawn.sum(dim=1, keepdim=True).clamp(min=1)


def weighted_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Sum over networks of their weighted cross-entropy in nats: logits (N, C, B), labels (B,), weights (N,
    B).
    """
    index = labels.expand(logits.shape[0], 1, -1)
    return -(F.log_softmax(logits, dim=1).gather(1, index).squeeze(1) * weights).sum()
