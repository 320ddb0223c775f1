"""Classic unlearning methods by name: each turns trained networks into networks without some classes.

``method(originals, forget, split, generator)`` takes the forgotten classes as bool (C,) and the training split, and
leaves the originals alone.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.errors import UserError, nearest_choice
from hyperforget.networks.batch import Networks
from hyperforget.unlearning.bias import lower_bias

UnlearningMethod = Callable[[Networks, Tensor, Split, torch.Generator], Networks]

METHODS: dict[str, UnlearningMethod] = {"bias": lower_bias}


def unlearning_method(name: str) -> UnlearningMethod:
    """The method of that name; raises `UserError`, with the nearest choice, for any other."""
    if name not in METHODS:
        raise UserError(
            f"unlearning method {name!r} is unknown; allowed are {', '.join(METHODS)}{nearest_choice(name, METHODS)}"
        )
    return METHODS[name]
