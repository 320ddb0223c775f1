"""The methods in words: what each is, and which data a request to it takes."""

from collections.abc import Collection
from dataclasses import dataclass

from hyperforget.config.methods import NEAREST, RETRAINED, Method


@dataclass(frozen=True)
class MethodWords:
    """What a method is, and the ``data`` that a request takes.

    By the names of the literature (thesis, section 2.1.3) none is zero-shot, retained images alone are zero-glance, a
    few images of the forgotten classes, as among validation images, few-shot, and a corpus retrieval-enhanced.
    """

    description: str
    data: str


# Where the best of several networks is chosen, by images of forgotten classes too.
_TO_CHOOSE = "none; validation to choose"
_TO_TUNE = "training; validation to choose"
_TO_PROBE = "training; validation to probe"
_EDITED = MethodWords("a trained network, edited by the hypernetwork", _TO_CHOOSE)
_SAMPLED = MethodWords("networks that the hypernetwork makes, of a random start or of noise", _TO_CHOOSE)
_BUILT_IN = {
    RETRAINED: MethodWords("networks trained without the forget set: what others are measured against", "retained"),
    NEAREST: MethodWords("the checkpoint of the corpus that the rule of selection takes", "corpus"),
    "bias": MethodWords("output biases of forgotten classes as low as they must be", "training"),
    "mask": MethodWords("outputs of forgotten classes put out of reach", "none"),
    "finetune": MethodWords(
        "trained on with retained images, for as long as validation images say", "retained; validation to choose"
    ),
    "class-means": MethodWords("an output layer of class means of the features, of retained classes", "retained"),
    "damp": MethodWords("directions that forgotten classes alone show, projected out of the weights", _TO_PROBE),
    "gradient-ascent": MethodWords("the loss of forgotten images ascended", "forgotten; validation to choose"),
    "neggrad": MethodWords(
        "NegGrad+: the loss of forgotten images ascended, that of retained ones descended", _TO_TUNE
    ),
    "random-labels": MethodWords("forgotten images learned with labels of retained classes at random", _TO_TUNE),
    "bad-teacher": MethodWords(
        "forgotten images learned from an untrained network, retained ones from the original", _TO_TUNE
    ),
    "ssd": MethodWords("parameters that matter to forgotten images above all, dampened", _TO_TUNE),
    "salun": MethodWords("random labels, learned by the half of the parameters that forgotten images move", _TO_TUNE),
    "scrub": MethodWords("away from the original on forgotten images, towards it on retained ones", _TO_TUNE),
    "boundary-shrink": MethodWords(
        "forgotten images learned as the class across the nearest boundary", "forgotten; validation to choose"
    ),
    "fisher": MethodWords("noise on what retained images do not need", "retained; validation to choose"),
    "cf-k": MethodWords("the last layer alone trained on with retained images", "retained; validation to choose"),
    "eu-k": MethodWords("the last layer alone trained anew with retained images", "retained; validation to choose"),
    "noise": MethodWords("noise on all parameters", _TO_CHOOSE),
    "unsir": MethodWords(
        "UNSIR: noise learned as the forgotten classes, made to be unlike them, then repaired by retained images",
        "retained; validation to choose",
    ),
    "trew": MethodWords(
        "TREW: forgotten images learned as the retained classes that are like them, as a retrained network answers",
        _TO_TUNE,
    ),
    "lfssd": MethodWords("LFSSD: parameters dampened that outputs of forgotten images hang on above all", _TO_TUNE),
    "nearest-finetuned": MethodWords("`nearest`, then a hundred steps on retained images", "corpus; retained"),
    "bias-finetuned": MethodWords("`bias`, then a hundred steps on retained images", "training"),
    "class-means-finetuned": MethodWords("`class-means`, then a hundred steps on retained images", "retained"),
    "damp-finetuned": MethodWords("`damp`, then a hundred steps on retained images", _TO_PROBE),
}
# Of one that is not built in: what it is given of the data, whatever it reads of that.
_OWN = MethodWords("a method of your own, which edits a trained network", "training; validation")
DATA_WORDS = (
    "Data: the images that a request takes, training images of all, of the retained or of the forgotten classes, "
    "validation images of all classes, or the corpus of checkpoints; in the words of the thesis, section 2.1.3, none "
    "is zero-shot, retained images alone are zero-glance, and a few of the forgotten ones, as to choose by, are "
    "few-shot."
)


def words_on(method: str, models: Collection[str]) -> MethodWords:
    """Of a method by its name, where these are the ``models`` of the configuration."""
    parsed = Method.parse(method)
    if parsed.base in models:
        return _EDITED if parsed.edits else _SAMPLED
    return _BUILT_IN.get(parsed.base, _OWN)
