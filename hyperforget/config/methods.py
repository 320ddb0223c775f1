"""The producers of networks, by name: the names are those of folders, of rows in every table, and of options."""

from dataclasses import dataclass
from typing import Literal, Self, get_args

RETRAINED = "retrained"
# Networks that methods edit: trained by the task's own recipe, or otherwise than the corpus.
ORIGINAL = "original"
STRANGERS = "strangers"

# Methods without a hypernetwork.
Rival = Literal[
    "nearest",
    "bias",
    "mask",
    "finetune",
    "class-means",
    "damp",
    "gradient-ascent",
    "neggrad",
    "random-labels",
    "bad-teacher",
    "ssd",
    "salun",
    "scrub",
    "boundary-shrink",
    "fisher",
    "cf-k",
    "eu-k",
    "noise",
    "unsir",
    "trew",
    "lfssd",
    "nearest-finetuned",
    "bias-finetuned",
    "class-means-finetuned",
    "damp-finetuned",
]
RIVALS: tuple[Rival, ...] = get_args(Rival)
# Those that a run has unless it names others.
DEFAULT_RIVALS: tuple[Rival, ...] = ("nearest", "bias", "mask", "finetune")
NEAREST: Rival = "nearest"
# Rivals that edit a trained network, instead of offering one of their own.
EDITING_RIVALS: tuple[Rival, ...] = tuple(rival for rival in RIVALS if rival != NEAREST)
# The one of them that edits the checkpoints which `nearest` offers, in place of trained networks.
ON_NEAREST: Rival = "nearest-finetuned"
# The one of them that edits of strangers are compared with.
ON_STRANGERS: Rival = "bias"
# Those that take milliseconds, so that one job makes them all.
QUICK_RIVALS: tuple[Rival, ...] = ("bias", "mask", "class-means")

_EDIT = "-edit"
_ON_STRANGERS = f"-{STRANGERS}"


@dataclass(frozen=True)
class Method:
    """A producer of unlearned networks: its ``base`` is a model, a rival or ``retrained``.

    A model that reads a start is two methods: it makes networks from random starts, or it ``edits``
    trained ones (``dihyfo-1-edit``). Every method that changes trained networks can do so
    ``on_strangers`` (``dihyfo-1-edit-strangers``, ``bias-strangers``). That a method of the user's own edits trained
    networks its name does not say.
    """

    base: str
    edits: bool = False
    on_strangers: bool = False

    @classmethod
    def parse(cls, name: str) -> Self:
        """The method of that name, the inverse of ``str``."""
        rest = name.removesuffix(_ON_STRANGERS)
        base = rest.removesuffix(_EDIT)
        return cls(base, edits=base != rest or base in EDITING_RIVALS, on_strangers=rest != name)

    def __str__(self) -> str:
        edit = _EDIT if self.edits and self.base not in EDITING_RIVALS else ""
        return self.base + edit + _ON_STRANGERS * self.on_strangers

    def strangers(self) -> Self:
        """The same method on strangers."""
        return type(self)(self.base, self.edits, on_strangers=True)


def is_reserved(name: str) -> bool:
    """Whether a name is that of another method, or would be read as one, so that no model may have it."""
    return Method.parse(name) != Method(name) or name in (ORIGINAL, RETRAINED, STRANGERS, *RIVALS)
