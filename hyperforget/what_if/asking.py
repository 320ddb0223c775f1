"""One network without each of many sets of classes, and what becomes of its answers."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from hyperforget.data.splits import Split
from hyperforget.generator.generator import Generator
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.progress import progress
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming

# What these answer stays near the processor, which more than halves the time.
_MEASURED_AT_ONCE = 8


@dataclass(frozen=True)
class Asking:
    """How a network is asked about: the ``seed`` of the noise, how many sets ``at_once``, and what it resumes from."""

    seed: int = 0
    at_once: int = 512
    resuming: Resuming = NOT_RESUMING


_AS_USUAL = Asking()


@torch.no_grad()
def correct_without(
    generator: Generator, network: Networks, masks: Tensor, split: Split, asking: Asking = _AS_USUAL
) -> Tensor:
    """Correctly classified images of each class of a split, int64 (S, C), once a network has forgotten each of S sets.

    The ``network`` is one, of the generator's layout, and reads images as the generator has them. Sets are ``masks``
    bool (S, C), of which some may be empty: then nothing is asked to be forgotten. Each is one evaluation of the
    hypernetwork, with the generator's default prompt and without data; all are made from the same noise.
    """
    chunks = masks.split(asking.at_once)

    def answer(some: Tensor) -> Tensor:
        edits = generator.edits_of_one(network, some, asking.seed)
        return torch.cat([_correct(edits[rows], split) for rows in torch.arange(len(some)).split(_MEASURED_AT_ONCE)])

    found = [
        asking.resuming.remember("chunk", partial(answer, some))
        for some in progress(chunks, len(chunks), f"asking for {len(masks):,} sets", "chunk")
    ]
    return torch.cat(found)


def free_places(generator: Generator) -> list[int]:
    """The places, among the outputs, of the classes that a generator can forget, in ascending order of their labels."""
    return [generator.classes.index(label) for label in generator.forgettable]


def _correct(networks: Networks, split: Split) -> Tensor:
    """As `hyperforget.metrics.classes.correct_counts`, in a quarter of its time, since images lie side by side."""
    logits = forward(networks.to(split.images.device), split.images).transpose(1, 2)  # (N, C, B)
    right = (logits.max(dim=1).indices == split.labels).float()
    return (right @ one_hot(split.labels, split.classes).float()).long().cpu()
