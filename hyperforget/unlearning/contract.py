"""What every unlearning method owes, tried on toy networks: for the built-in ones, and for authors of their own."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.errors import UserError
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.networks.batch import Networks
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.forward import forward
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.methods import UnlearningMethod

LAYOUTS: tuple[Layout, ...] = (
    PerceptronLayout((9, 8, 4)),
    PerceptronLayout((9, 7, 5, 4)),
    ConvolutionalLayout((3, 3, 1), (6, 5), 3, 1, 4),
)
FORGET_SETS = ((2,), (0, 3), (1, 2, 3))
_NETWORKS, _IMAGES, _CLASSES, _PIXELS = 5, 300, 4, 9
# Of parameters of the other networks, relative to those of the first.
_NOISE = 0.05


@dataclass(frozen=True)
class ToyCase:
    """Networks, classes to forget as a mask, and images of all classes, which network 0 labels rightly, and the others,
    which are close to it, mostly so.
    """

    originals: Networks
    forget: Tensor
    data: Split

    def assigned(self, seed: int = 0) -> Assignment:
        """The same as methods are given it, with tensors of their own."""
        recipe = RecipeConfig(steps=40, batch_size=32, learning_rate=0.3, weight_decay=0.01)
        originals = Networks(self.originals.params.clone(), self.originals.layout)
        return Assignment(originals, self.forget.clone(), self.data, self.data, recipe, _generator(seed))

    def accuracy(self, networks: Networks) -> Tensor:
        """Accuracy on the forgotten classes (N,)."""
        counts = correct_counts(forward(networks, self.data.images), self.data.labels, _CLASSES)
        return accuracy_on(counts, self.data.class_sizes, self.forget)


def toy_case(layout: Layout, forgotten: tuple[int, ...]) -> ToyCase:
    """The case of a layout of 9 inputs and 4 classes, and of some of these."""
    first = Networks(2 * initialise(layout, 1, _generator()).params, layout)
    images = 3 * torch.randn(_IMAGES, _PIXELS, generator=_generator(1))
    # Output biases are moved so that no class wins everywhere.
    parts = layout.split(first.params)
    parts[-1] -= forward(first, images).mean(1)
    noise = _NOISE * torch.randn(_NETWORKS, layout.size, generator=_generator(2))
    noise[0] = 0
    originals = Networks(layout.join(parts) * (1 + noise), layout)
    forget = torch.zeros(_CLASSES, dtype=torch.bool)
    forget[list(forgotten)] = True
    return ToyCase(originals, forget, Split(images, forward(originals, images)[0].argmax(-1), _CLASSES))


def toy_cases() -> Iterator[ToyCase]:
    """Every layout with every forget set."""
    return (toy_case(layout, forgotten) for layout in LAYOUTS for forgotten in FORGET_SETS)


def check_method(method: UnlearningMethod, case: ToyCase) -> None:
    """Raise `UserError`, with one sentence, where a method does not do what every one owes.

    It returns networks like the originals, finite and without a gradient, that on average know less of the forgotten
    classes than these; it leaves the originals alone; and it follows its generator, and no other source of random
    numbers.
    """
    asked = f"with the layout {case.originals.layout.description}, classes {case.forget.nonzero().flatten().tolist()}"
    assignment = case.assigned()
    torch.manual_seed(0)
    unlearned = method(assignment)
    if not torch.equal(assignment.originals.params, case.originals.params):
        raise UserError(f"the method changed the originals {asked}; allowed is to leave them as they are")
    params = unlearned.params
    if unlearned.layout != case.originals.layout or params.shape != case.originals.params.shape:
        raise UserError(f"the method returned other networks than the originals {asked}: {tuple(params.shape)}")
    if params.dtype != torch.float32 or params.requires_grad or not params.isfinite().all():
        raise UserError(f"the method returned parameters {asked} that are not finite float32 without a gradient")
    before, after = case.accuracy(case.originals), case.accuracy(unlearned)
    if after.mean() >= before.mean():
        raise UserError(
            f"the method made networks {asked} that recognise {after.tolist()} of the forgotten images, where the "
            f"originals recognise {before.tolist()}; allowed is less on average"
        )
    torch.manual_seed(1)
    if not torch.equal(method(case.assigned()).params, params):
        raise UserError(
            f"the method returned other networks when it was called again {asked}; allowed are random numbers of the "
            "assignment's generator only"
        )


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
