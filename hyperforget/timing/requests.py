"""What a request takes: one network without one set of classes, and a hundred requests that are answered together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, combinations, cycle, islice
from statistics import median

import torch
from torch import Tensor

from hyperforget.collection.checkpoints import CorpusOutcomes
from hyperforget.config import RecipeConfig, SelectionConfig
from hyperforget.config.methods import NEAREST, RETRAINED, Method
from hyperforget.data.splits import Split, TaskData
from hyperforget.forget_set import ForgetSet
from hyperforget.generator.generator import Generator
from hyperforget.networks.batch import Networks
from hyperforget.records.costs import HUNDRED, RequestRow
from hyperforget.timing.clock import median_seconds, rounded
from hyperforget.timing.training import seconds_of_training, steps_of_an_epoch
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.methods import unlearning_method
from hyperforget.unlearning.selection import Wanted, choose

# Seconds. Of rivals, to which a hundred requests may take a hundred times as long, they are timed up to here only.
_LONG = 0.02
_TRIALS = 3


@dataclass(frozen=True)
class Asking:
    """Who asks: the owner of the networks ``originals`` (at least one), trained by a ``recipe`` on ``data``, who has
    images of a ``split`` to choose by; the classes with the labels ``free`` may be forgotten.
    """

    task: str
    originals: Networks
    recipe: RecipeConfig
    data: TaskData
    split: Split
    free: tuple[int, ...]


def forget_sets(free: tuple[int, ...]) -> list[tuple[int, ...]]:
    """A hundred sets of some classes: all there are, the smaller first, time and again."""
    every = chain.from_iterable(combinations(free, size) for size in range(1, len(free) + 1))
    return list(islice(cycle(every), HUNDRED))


def generator_rows(asking: Asking, generator: Generator) -> Iterator[RequestRow]:
    """A row of new networks, and one of edits where the generator reads a start; none where it can forget nothing."""
    data = asking.data
    able = generator.levels.shown(torch.ones(1, data.classes, dtype=torch.bool))[0].tolist()
    free = tuple(
        label for label, shown in zip(data.labels, able, strict=True) if shown and label in generator.description.free
    )
    if not free:
        return
    one, many = [free[0]], [list(each) for each in forget_sets(free)]
    alone, together = median_seconds(lambda: generator.sample(one)), median_seconds(lambda: generator.sample(many))
    yield _row(asking.task, str(Method(generator.description.model)), alone, None, together)
    if generator.hypernet.model.conditioning.uses_start:
        yield edits_row(asking, generator, free)


def edits_row(asking: Asking, generator: Generator, free: tuple[int, ...]) -> RequestRow:
    """The row of edits by a generator that reads a start, and can forget the classes with the labels ``free``."""
    data, one, many = asking.data, [free[0]], [list(each) for each in forget_sets(free)]
    network = asking.originals.layout.state_dict(asking.originals.params[0])
    pixels = asking.split.images * data.std + data.mean
    images = pixels, torch.tensor(data.labels)[asking.split.labels]
    alone = median_seconds(lambda: generator.forget(network, one))
    chosen = median_seconds(lambda: generator.forget(network, one, data=images))
    together = median_seconds(lambda: generator.forget(network, many))
    return _row(asking.task, str(Method(generator.description.model, edits=True)), alone, chosen, together)


def rival_row(asking: Asking, method: str) -> RequestRow:
    """The row of a method of `METHODS`, which edits trained networks."""
    unlearn, forget = unlearning_method(method), _mask(asking, asking.free[:1])

    def work(networks: Networks) -> Networks:
        generator = torch.Generator().manual_seed(0)
        return unlearn(Assignment(networks, forget, asking.data.train, asking.split, asking.recipe, generator))

    first = asking.originals[:1]
    many = Networks(first.params.expand(HUNDRED, -1).contiguous(), first.layout)
    return _of_rival(asking, method, lambda: work(first), lambda: work(many))


def lookup_row(asking: Asking, outcomes: CorpusOutcomes, selection: SelectionConfig) -> RequestRow:
    """The row of `nearest`, by what is stored about the checkpoints of a corpus."""

    def look_up(classes: tuple[int, ...]) -> int:
        return choose(outcomes, Wanted.of(outcomes, _mask(asking, classes), selection), selection)

    sets = forget_sets(asking.free)
    return _of_rival(asking, NEAREST, lambda: look_up(sets[0]), lambda: [look_up(each) for each in sets])


def retraining_row(asking: Asking) -> RequestRow:
    """The row of training anew, without the classes."""
    layout, train, recipe = asking.originals.layout, asking.data.train, asking.recipe
    alone, together = (
        median(seconds_of_training(layout, train, recipe, count) for _ in range(_TRIALS)) for count in (1, HUNDRED)
    )
    epoch = alone / recipe.steps * steps_of_an_epoch(train, recipe)
    return replace(_row(asking.task, RETRAINED, alone, None, together), epoch_seconds=rounded(epoch))


def with_epoch(row: RequestRow, retrained: RequestRow) -> RequestRow:
    """The row of a method that trains networks on, as they are ``retrained``, with the seconds of an epoch."""
    return replace(row, epoch_seconds=retrained.epoch_seconds)


def _of_rival(asking: Asking, method: str, one: Callable[[], object], many: Callable[[], object]) -> RequestRow:
    seconds = median_seconds(one)
    return _row(asking.task, method, seconds, None, median_seconds(many) if seconds <= _LONG else None)


def _row(task: str, method: str, one: float, chosen: float | None, many: float | None) -> RequestRow:
    return RequestRow(
        task, method, rounded(one), chosen and rounded(chosen), many and rounded(many), epoch_seconds=None
    )


def _mask(asking: Asking, classes: tuple[int, ...]) -> Tensor:
    """Bool (C,), true of some classes by their labels."""
    return torch.tensor(ForgetSet(classes).mask(asking.data.labels))
