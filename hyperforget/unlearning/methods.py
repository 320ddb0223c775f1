"""Classic unlearning methods: each turns trained networks into networks without some classes, by one
signature.

``method(original (N, P), layout, forget (C,) bool, data, generator) -> (N, P)``, where ``data`` is the
training split.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from hyperforget.data.splits import Split
from hyperforget.errors import UserError, nearest_choice
from hyperforget.networks.layout import Layout
from hyperforget.unlearning.bias import lower_bias

UnlearningMethod = Callable[[Tensor, Layout, Tensor, Split, torch.Generator], Tensor]

UNLEARNING_METHODS: dict[str, UnlearningMethod] = {"bias": lower_bias}


def unlearning_method(name: str) -> UnlearningMethod:
    """The method of that name; raises `UserError`, with the nearest choice, for any other."""
    if name not in UNLEARNING_METHODS:
        raise UserError(
            f"unlearning method {name!r} is unknown; allowed are {', '.join(UNLEARNING_METHODS)}"
            f"{nearest_choice(name, UNLEARNING_METHODS)}"
        )
    return UNLEARNING_METHODS[name]
