"""A network in a file or of a run, the images that it is measured on, and what becomes of it without each set."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from hyperforget.data.npz import read_npz
from hyperforget.data.splits import Split
from hyperforget.errors import UserError
from hyperforget.generator.asking import split_of
from hyperforget.generator.generator import Generator
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.given import read_network
from hyperforget.runtime.resuming import Resuming
from hyperforget.runtime.saved_state import Unfinished
from hyperforget.scores.from_results import load_original, load_task
from hyperforget.what_if.asking import Asking, correct_without, free_places
from hyperforget.what_if.sets import masks_of
from hyperforget.what_if.table import Answered

_SAVE_EVERY_SECONDS = 60.0


@dataclass(frozen=True)
class Given:
    """One network and the images that it is measured on, both as a generator has them."""

    network: Networks
    split: Split

    @property
    def accuracies(self) -> Tensor:
        """Accuracy of each class (C,)."""
        return measure(self.network, self.split).accuracies[0]


def given_network(generator: Generator, path: Path | None, pixels: tuple[float, float] | None, run: Path) -> Networks:
    """The network in a file, which reads pixels normalised with a mean and a deviation; without a file the first
    original network of the task whose folder in a run is ``run``.

    Raises `UserError` as `read_network`, and where there is no such run.
    """
    if path is not None:
        given, _ = read_network(path, generator.layout)
        return generator.normalised([given], pixels)
    _check_run(generator, run, "--network")
    return load_original(run)


def given_split(generator: Generator, path: Path | None, run: Path) -> Split:
    """Images of all classes in an .npz file; without a file the test images of the task in a run."""
    if path is not None:
        return split_of(read_npz(path, f"data {str(path)!r}").train, generator.description)
    _check_run(generator, run, "--data")
    return load_task(run).test


def answers(generator: Generator, given: Given, numbers: Tensor, seed: int, output: Path | None) -> Answered:
    """What becomes of a network without each of some sets of the classes that the generator can forget, by their
    ``numbers`` (S,).

    Work that is stopped is saved in a hidden file beside the ``output``, and goes on from there when the same is asked.
    """
    masks = masks_of(numbers, free_places(generator), len(generator.classes))
    unfinished = (
        None if output is None else Unfinished(_beside(output, generator, given, numbers, seed), _SAVE_EVERY_SECONDS)
    )
    asking = Asking(seed, resuming=Resuming(unfinished))
    correct = correct_without(generator, given.network, masks, given.split, asking)
    if unfinished is not None:
        unfinished.close()
    return Answered(generator.forgettable, numbers, correct, given.split.class_sizes)


def _check_run(generator: Generator, run: Path, option: str) -> None:
    """Raise `UserError`, which says the ``option``, unless ``run`` is the folder of the generator's task in a run."""
    if not (run / "dataset.json").is_file() or run.name != generator.description.task:
        raise UserError(f"the generator lies in no results of a run that made it; say {option} FILE")


def _beside(output: Path, generator: Generator, given: Given, numbers: Tensor, seed: int) -> Path:
    """Where unfinished work is saved; what is asked otherwise is saved elsewhere."""
    found = hashlib.sha256(json.dumps([generator.description.weights_sha256, seed]).encode())
    for tensor in (numbers, given.network.params, given.split.images, given.split.labels):
        found.update(tensor.cpu().contiguous().numpy().tobytes())
    return output.with_name(f".{output.name}.{found.hexdigest()[:16]}.unfinished")
