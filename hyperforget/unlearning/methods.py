"""Classic unlearning methods by name: each turns trained networks into networks without some classes."""

from collections.abc import Callable

from hyperforget.errors import UserError, nearest_choice
from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.bias import lower_bias
from hyperforget.unlearning.rivals.class_means import class_mean_head
from hyperforget.unlearning.rivals.damp import damp
from hyperforget.unlearning.rivals.finetuning import finetune
from hyperforget.unlearning.rivals.mask import mask_outputs

# What a method is given is all that it may use, and it leaves the originals alone.
UnlearningMethod = Callable[[Assignment], Networks]

METHODS: dict[str, UnlearningMethod] = {
    "bias": lower_bias,
    "mask": mask_outputs,
    "finetune": finetune,
    "class-means": class_mean_head,
    "damp": damp,
}


def unlearning_method(name: str) -> UnlearningMethod:
    """The method of that name; raises `UserError`, with the nearest choice, for any other."""
    if name not in METHODS:
        raise UserError(
            f"unlearning method {name!r} is unknown; allowed are {', '.join(METHODS)}{nearest_choice(name, METHODS)}"
        )
    return METHODS[name]
