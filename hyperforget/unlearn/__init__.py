"""Classic unlearning methods: each turns trained networks into networks without some classes, by one
signature.

``method(original (N, P), layout, forget (C,) bool, data, generator) -> (N, P)``, where ``data`` is the
training split.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from hyperforget.networks import Layout
from hyperforget.tasks import Split
from hyperforget.unlearn.bias import lower_bias

UnlearningMethod = Callable[[Tensor, Layout, Tensor, Split, torch.Generator], Tensor]

UNLEARNING_METHODS: dict[str, UnlearningMethod] = {"bias": lower_bias}
