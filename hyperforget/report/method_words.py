"""The methods of a configuration in words: what each is, and which data it needs when it is asked to forget."""

from collections.abc import Collection
from dataclasses import dataclass

from hyperforget.config.methods import NEAREST, RETRAINED, Method


@dataclass(frozen=True)
class MethodWords:
    """What a method is, the ``data`` that a request takes, and what that is called in the literature (thesis, section
    2.1.3).
    """

    description: str
    data: str
    scenario: str


_NOTHING = ("none", "zero-shot")
# Where the best of several networks is chosen, which takes images of forgotten classes too.
_TO_CHOOSE = ("none; validation images to choose by", "zero-shot; few-shot to choose")
_EDITED = MethodWords("a trained network, edited by the hypernetwork", *_TO_CHOOSE)
_SAMPLED = MethodWords("networks that the hypernetwork makes, of a random start or of noise", *_TO_CHOOSE)
_USERS = MethodWords("a trained network, edited by a function of your own", "what the function reads", "-")
_BUILT_IN = {
    RETRAINED: MethodWords(
        "networks trained without the forget set: what others are measured against", "retained images", "zero-glance"
    ),
    NEAREST: MethodWords("the checkpoint of the corpus that the rule of selection takes", "the corpus", "retrieval"),
    "bias": MethodWords("output biases of forgotten classes as low as they must be", "all training images", "all data"),
    "mask": MethodWords("outputs of forgotten classes put out of reach", *_NOTHING),
    "finetune": MethodWords(
        "trained on with retained images, for as long as validation images say",
        "retained images; validation images to choose by",
        "zero-glance; few-shot to choose",
    ),
}


def words_on(method: str, own: Collection[str] = ()) -> MethodWords:
    """Of a method by its name; what is none of the built-in rivals, nor of the user's ``own`` methods, asks a
    hypernetwork.
    """
    parsed = Method.parse(method)
    if parsed.base in own:
        return _USERS
    return _BUILT_IN.get(parsed.base, _EDITED if parsed.edits else _SAMPLED)
