"""Training many main networks at once on minibatches.

All networks of a population read the same minibatch; each draws its own examples from it (a Bernoulli
keep-mask over the minibatch), so two networks with a common start still differ, and classes are undersampled
or deleted by lowering their keep rate. The first layer of all networks is then one matrix product.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from hyperforget.command import progress
from hyperforget.config import RecipeConfig
from hyperforget.networks import Layout, forward_parts
from hyperforget.update_rules import UPDATE_RULES


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
) -> Tensor:
    """Train N networks from ``starts`` (N, P) for ``steps`` steps and return their parameters (N, P).

    ``images`` (B, D) and ``labels`` (B,) are the training split; ``learning_rates`` (N,) multiply
    ``recipe.learning_rate``. ``observe(step, params)`` is called after each step of ``observed_steps`` with
    a copy of the parameters. Equal to training the networks one by one on the same weighted minibatches.
    """
    parts = [part.clone().requires_grad_() for part in layout.split(starts)]
    rates = [(recipe.learning_rate * learning_rates).view(-1, *[1] * (part.dim() - 1)) for part in parts]
    update = UPDATE_RULES[recipe.optimizer](parts, rates, recipe)
    for step in progress(range(1, steps + 1), steps, f"training {starts.shape[0]} networks"):
        rows = torch.randint(labels.shape[0], (recipe.batch_size,), generator=generator)
        weights = example_weights(labels[rows], curriculum.rates(step - 1), recipe.share, generator)
        loss = weighted_loss(forward_parts(parts, images[rows].T), labels[rows], weights)
        gradients = torch.autograd.grad(loss, parts)
        with torch.no_grad():
            update(gradients)
            if observe is not None and step in observed_steps:
                observe(step, layout.join([part.detach() for part in parts]))
    return layout.join([part.detach() for part in parts])


def example_weights(labels: Tensor, rates: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Weights (N, B) of a minibatch's examples, one network a row: zero where not drawn, else equal, with
    sum one.

    Network n draws an example of class c with probability ``share * rates[n, c]``; one that draws nothing
    has zero weights, hence no gradient.
    """
    drawn = torch.rand(rates.shape[0], labels.shape[0], generator=generator) < share * rates[:, labels]
    return drawn / drawn.sum(dim=1, keepdim=True).clamp(min=1)


def weighted_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Sum over networks of their weighted cross-entropy in nats: logits (N, C, B), labels (B,), weights (N,
    B).
    """
    index = labels.expand(logits.shape[0], 1, -1)
    return -(F.log_softmax(logits, dim=1).gather(1, index).squeeze(1) * weights).sum()
