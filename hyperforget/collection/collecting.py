"""Collecting checkpoints: runs are trained as `schedule` draws them, reviewed, and kept as `admission` says.

Thesis, section 3.3.1.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from hyperforget.collection.admission import Admission, AdmissionCounts
from hyperforget.collection.schedule import Runs, Schedule, draw_schedule
from hyperforget.collection.segment import empty_segment, keep
from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.training import Hooks, train_population
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from hyperforget.runtime.saved_state import State

_NETWORKS_AT_ONCE = 250


def collect_runs(
    runs: Runs,
    train: Split,
    review: Split,
    generator: torch.Generator,
    resuming: Resuming = NOT_RESUMING,
) -> tuple[dict[str, np.ndarray], AdmissionCounts]:
    """Train all runs and return their admitted checkpoints as `SEGMENT_ARRAYS`, with what was decided.

    Checkpoint 0 of every run is its start; rows beyond ``saved`` are zero. ``review`` is the split whose class losses
    (nats) condition and admit: validation, or test under the thesis' protocol. Both lie on the device that computes.
    """
    config = runs.config
    admission = Admission(runs, review.class_sizes)
    segment = empty_segment(runs.count, config.checkpoints, runs.layout.size, runs.classes)
    # Decisions have a stream of their own: one decided otherwise leaves the minibatches as they are.
    decisions = torch.Generator()
    done = begun = 0
    before_schedule = generator.get_state()

    def state() -> State:
        generators = {"before schedule": before_schedule, "decisions": decisions.get_state()}
        return State({name: array[:begun] for name, array in segment.items()} | generators, {"done": done})

    with resuming.part("run", state) as saved, resuming.part("admission", admission.state) as decided:
        if saved is not None and decided is not None:
            for name, array in segment.items():
                array[: len(saved.tensors[name])] = saved.tensors[name]
            done = saved.facts["done"]
            generator.set_state(saved.tensors["before schedule"])
            decisions.set_state(saved.tensors["decisions"])
            admission.restore(decided)
            # A gigabyte at the thesis' scale.
            saved.tensors.clear()
        for first in range(done - done % _NETWORKS_AT_ONCE, runs.count, _NETWORKS_AT_ONCE):
            before_schedule, begun = generator.get_state(), first
            count = min(_NETWORKS_AT_ONCE, runs.count - first)
            schedule = draw_schedule(runs, count, generator)
            for index, rows in _draw_recipes(len(runs.recipes), count, generator):
                begun += len(rows)
                if begun <= done:
                    continue
                recipe = RecipeConfig(**{**runs.recipes[index].model_dump(), "steps": config.steps})
                own = {name: array[begun - len(rows) : begun] for name, array in segment.items()}
                own["recipe"][:] = index
                shown = schedule[rows]
                _note(own, shown, recipe.learning_rate)
                starts = _starts(runs, len(rows), recipe.initialisation, generator)
                observe = _reviewing(shown, review, admission, decisions, own)
                # Runs that were stopped on their way have saved their starts.
                if not own["saved"].any():
                    decisions.manual_seed(int(torch.randint(2**62, (), generator=generator)))
                    observe(0, starts)
                hooks = Hooks(observe, frozenset(shown.steps.tolist()), resuming)
                train_population(starts, train, recipe, shown.curriculum, generator, hooks)
                done = begun
    return {name: array.numpy() for name, array in segment.items()}, admission.counts()


def _draw_recipes(recipes: int, count: int, generator: torch.Generator) -> Iterator[tuple[int, Tensor]]:
    """Each recipe's index with the runs, of ``count``, that drew it, unless none did."""
    # A single recipe is no draw: the random numbers are then those of a collection that knows no others.
    drawn = torch.randint(recipes, (count,), generator=generator) if recipes > 1 else torch.zeros(count)
    for index in range(recipes):
        rows = torch.nonzero(drawn == index).flatten()
        if len(rows):
            yield index, rows


def _starts(runs: Runs, count: int, initialisation: str, generator: torch.Generator) -> Networks:
    if runs.shared_start is None:
        return initialise(runs.layout, count, generator, initialisation)
    return Networks(runs.shared_start.params.expand(count, -1), runs.layout)


def _note(segment: dict[str, Tensor], schedule: Schedule, learning_rate: float) -> None:
    """Write down what runs are shown."""
    curriculum = schedule.curriculum
    segment["switch"][:] = curriculum.switch
    segment["rate_before"][:] = curriculum.before
    segment["rate_after"][:] = curriculum.after
    segment["learning_rate"][:] = curriculum.learning_rates * learning_rate


def _reviewing(
    schedule: Schedule,
    split: Split,
    admission: Admission,
    decisions: torch.Generator,
    segment: dict[str, Tensor],
) -> Callable[[int, Networks], None]:
    """What keeps all starts, and after a step the runs that are due, have room left and are admitted."""
    room = segment["theta"].shape[1]

    def observe(step: int, networks: Networks) -> None:
        outcomes = measure(networks, split)
        rows = torch.arange(len(networks))
        if step:
            due = schedule.reviews[:, int((schedule.steps == step).nonzero())]
            rows = admission.admit(rows[due & (segment["saved"] < room)], outcomes, decisions)
        keep(segment, rows, step, networks, outcomes)

    return observe
