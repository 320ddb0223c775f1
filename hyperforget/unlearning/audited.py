"""What further metrics read of networks: of one population, computed once and kept while it is measured."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from hyperforget.data.splits import Split, TaskData
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.metrics.discriminability import class_margins
from hyperforget.metrics.information import told_information
from hyperforget.metrics.recovery import few_images
from hyperforget.metrics.relearning import steps_until
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward, units_and_logits
from hyperforget.unlearning.hiding import fitted_images, hidden_in_logits, images_generator
from hyperforget.unlearning.rivals.hidden_units import units_at
from hyperforget.unlearning.rivals.losses import cross_entropies

# Training images of a class that are shown where some will do.
FEW_IMAGES = 100
# Relearning: images of a step, its rate, and steps at the most.
RELEARN_BATCH, RELEARN_RATE, RELEARN_MOST = 64, 0.1, 300


@dataclass(frozen=True)
class Audited:
    """N ``networks`` of a method and the ``data`` of their task, both on the device that computes, and the forgotten
    classes ``forget`` bool (C,), on the CPU. Of a method with a ``knob``, at each of its settings, the accuracy on
    retained test images and what a shift brings back.
    """

    networks: Networks
    data: TaskData
    forget: Tensor
    knob: tuple[tuple[float, float], ...] = ()

    def shown(self, split: Split) -> Tensor:
        """Which images of a split are of forgotten classes, bool (B,)."""
        return self.forget.to(split.labels.device)[split.labels]

    @cached_property
    def _answered(self) -> tuple[Tensor, Tensor]:
        return units_and_logits(self.networks, self.data.test.images)

    @property
    def units(self) -> Tensor:
        """Of the last hidden layer on test images (N, B, H)."""
        return self._answered[0]

    @property
    def logits(self) -> Tensor:
        """On test images (N, B, C)."""
        return self._answered[1]

    @cached_property
    def train_logits(self) -> Tensor:
        """On training images (N, B, C)."""
        return forward(self.networks, self.data.train.images)

    @cached_property
    def probabilities(self) -> Tensor:
        """On test images (N, B, C)."""
        return self.logits.softmax(dim=2)

    def few_forgotten(self) -> Tensor:
        """Rows (B,) of a hundred training images of each forgotten class, or of all that there are."""
        labels = self.data.train.labels
        few = few_images(labels.cpu(), FEW_IMAGES, images_generator()).to(labels.device)
        return few[self.shown(self.data.train)[few]]

    def accuracy(self, logits: Tensor, split: Split, classes: Tensor) -> Tensor:
        """Of logits (N, B, C) on the images of some classes, bool (C,), of a split; float64 (N,)."""
        return accuracy_on(correct_counts(logits, split.labels, split.classes).cpu(), split.class_sizes, classes)

    @cached_property
    def shift(self) -> Tensor:
        """What the best shift of output biases brings back of forgotten test images, float64 (N,)."""
        data = self.data.to(torch.device("cpu"))
        fitted = fitted_images(data, images_generator())
        known = self.train_logits[:, fitted.to(self.train_logits.device)].cpu()
        return hidden_in_logits(self.logits.cpu(), known, data, fitted, self.forget)["shift"]

    @cached_property
    def accuracies(self) -> Tensor:
        """On forgotten and on retained training images, and on all test images; float64 (N, 3)."""
        every, train, test = torch.ones_like(self.forget), self.data.train, self.data.test
        return torch.stack(
            [
                self.accuracy(self.train_logits, train, self.forget),
                self.accuracy(self.train_logits, train, ~self.forget),
                self.accuracy(self.logits, test, every),
            ],
            dim=1,
        )

    @cached_property
    def information(self) -> Tensor:
        """What hidden layers tell of whether an image is forgotten, in bits, float64 (N, L)."""
        train, test = self.data.train, self.data.test
        few = few_images(train.labels.cpu(), FEW_IMAGES, images_generator()).to(train.labels.device)
        forgotten = self.shown(train)[few]
        layers = len(self.networks.layout.layers) - 1
        return torch.stack(
            [
                told_information(
                    units_at(self.networks, train.images[few], depth),
                    forgotten,
                    units_at(self.networks, test.images, depth),
                    self.shown(test),
                )
                for depth in range(1, layers + 1)
            ],
            dim=1,
        )

    def relearning_steps(self, aim: float, alone: bool = False) -> Tensor:
        """Steps on minibatches of all training images, or of the forgotten ones ``alone``, the same for all networks,
        until the accuracy on forgotten test images is at least ``aim``; int64 (N,).
        """
        key = aim, alone
        if key not in self._relearned:
            self._relearned[key] = self._steps(*key)
        return self._relearned[key]

    @cached_property
    def _relearned(self) -> dict[tuple[float, bool], Tensor]:
        return {}

    def _steps(self, aim: float, alone: bool) -> Tensor:
        layout, train, test = self.networks.layout, self.data.train, self.data.test
        asked = self.shown(test)
        images, labels = test.images[asked], test.labels[asked]
        generator = images_generator()
        pool = torch.nonzero(self.shown(train).cpu()).flatten() if alone else torch.arange(len(train.labels))
        drawn = pool[torch.randint(len(pool), (RELEARN_MOST, RELEARN_BATCH), generator=generator)]

        def loss(params: Tensor, step: int) -> Tensor:
            rows = drawn[step - 1].to(train.labels.device)
            logits = forward(Networks(params, layout), train.images[rows]).transpose(1, 2)
            return cross_entropies(logits, train.labels[rows])

        def reached(params: Tensor) -> Tensor:
            right = forward(Networks(params, layout), images).argmax(dim=2) == labels
            return right.double().mean(dim=1) >= aim

        return steps_until(self.networks.params, loss, reached, RELEARN_RATE, RELEARN_MOST)

    def some(self, rows: Tensor | slice) -> "Audited":
        """The same of some of the networks."""
        return Audited(self.networks[rows], self.data, self.forget, self.knob)

    def first(self, count: int) -> "Audited":
        """The same of the first networks alone."""
        return self if count == len(self.networks) else self.some(slice(count))


def margins(logits: Tensor, labels: Tensor) -> Tensor:
    """The log-odds (N, B) of the classes ``labels`` (B,), of logits (N, B, C)."""
    of_classes = class_margins(logits.transpose(1, 2))  # (N, C, B)
    return of_classes.gather(1, labels.expand(len(logits), 1, -1)).squeeze(1)
