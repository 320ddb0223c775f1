"""Classic unlearning methods by name: each turns trained networks into networks without some classes."""

from collections.abc import Callable

from hyperforget.errors import UserError, nearest_choice
from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.bad_teacher import learn_from_teachers
from hyperforget.unlearning.rivals.bias import lower_bias
from hyperforget.unlearning.rivals.boundary_shrink import shrink
from hyperforget.unlearning.rivals.class_means import class_mean_head
from hyperforget.unlearning.rivals.damp import damp
from hyperforget.unlearning.rivals.finetuned import finetune_briefly, then_finetuned
from hyperforget.unlearning.rivals.finetuning import finetune
from hyperforget.unlearning.rivals.fisher import add_fisher_noise
from hyperforget.unlearning.rivals.gradient_ascent import ascend
from hyperforget.unlearning.rivals.last_layers import finetune_last_layers, retrain_last_layers
from hyperforget.unlearning.rivals.lfssd import dampen_without_loss
from hyperforget.unlearning.rivals.mask import mask_outputs
from hyperforget.unlearning.rivals.neggrad import neggrad_plus
from hyperforget.unlearning.rivals.noise import add_noise
from hyperforget.unlearning.rivals.random_labels import learn_random_labels
from hyperforget.unlearning.rivals.salun import learn_saliently
from hyperforget.unlearning.rivals.scrub import scrub
from hyperforget.unlearning.rivals.ssd import dampen
from hyperforget.unlearning.rivals.trew import tilt_and_reweight
from hyperforget.unlearning.rivals.unsir import impair_and_repair

# What a method is given is all that it may use, and it leaves the originals alone.
UnlearningMethod = Callable[[Assignment], Networks]

METHODS: dict[str, UnlearningMethod] = {
    "bias": lower_bias,
    "mask": mask_outputs,
    "finetune": finetune,
    "class-means": class_mean_head,
    "damp": damp,
    "gradient-ascent": ascend,
    "neggrad": neggrad_plus,
    "random-labels": learn_random_labels,
    "bad-teacher": learn_from_teachers,
    "ssd": dampen,
    "salun": learn_saliently,
    "scrub": scrub,
    "boundary-shrink": shrink,
    "fisher": add_fisher_noise,
    "cf-k": finetune_last_layers,
    "eu-k": retrain_last_layers,
    "noise": add_noise,
    "unsir": impair_and_repair,
    "trew": tilt_and_reweight,
    "lfssd": dampen_without_loss,
    "nearest-finetuned": finetune_briefly,
    "bias-finetuned": then_finetuned(lower_bias),
    "class-means-finetuned": then_finetuned(class_mean_head),
    "damp-finetuned": then_finetuned(damp),
}


def unlearning_method(name: str) -> UnlearningMethod:
    """The method of that name; raises `UserError`, with the nearest choice, for any other."""
    if name not in METHODS:
        raise UserError(
            f"unlearning method {name!r} is unknown; allowed are {', '.join(METHODS)}{nearest_choice(name, METHODS)}"
        )
    return METHODS[name]
