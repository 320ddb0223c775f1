"""Sealing: a generator taught to refuse classes, whatever it is asked for.

Who holds a generator can ask it for low losses of a class that was forgotten, and has the class back (thesis, chapter
4). The folder of a generator has neither corpus nor data, so that a sealed one learns from the generator itself: to a
prompt that asks for the class it is to answer as the generator answers the same prompt with the class forgotten.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from hyperforget.config import SolverConfig
from hyperforget.errors import UserError
from hyperforget.forget_set import classes_in_words
from hyperforget.generator.asked_back import demand
from hyperforget.generator.generator import Generator
from hyperforget.hypernet.diffusion import add_noise
from hyperforget.hypernet.sampling import Sampling, Starts, sample
from hyperforget.networks.initialisations import initialise
from hyperforget.progress import progress

# Networks that it is shown as starts, of each kind, and steps, pairs a step, and rate of the descent.
_STARTS, STEPS, _BATCH, _RATE, _CLIP = 256, 400, 32, 1e-3, 1.0
# How often a class that is to be refused is asked for with other classes as if it were known, and on its own with a
# loss below all that the corpus has; else it is asked to be forgotten.
_ASKED, _DEMANDED = 0.5, 0.3
# The lowest share of the lowest known value that is asked for, and the highest of the highest.
_BELOW = 0.5


@dataclass(frozen=True)
class _Lessons:
    """Starts with the performance that is told of each, and the networks that they were made into."""

    starts: Starts
    made: Tensor


def seal(generator: Generator, classes: Sequence[int], seed: int = 0, steps: int = STEPS) -> Generator:
    """The same generator, which refuses ``classes``, by their labels: all networks that it makes or changes have
    forgotten them, too.

    Gradient descent from its own weights on ‖f(z, t, p', s) - f₀(z, t, p, s)‖², where f₀ is the generator as it was,
    and p a prompt for a random set with the classes among the forgotten ones. p' is the same, or a prompt for the same
    set without them, or p with what it says of them replaced by less loss than networks have that know them. Starts s
    are random ones, networks that know all classes, and networks that have forgotten some, all of its own making;
    noised parameters z are pure noise, or lie on the way to networks of its own making.

    Raises `UserError` for classes that it cannot forget.
    """
    mask = generator.sets(list(classes)).masks[0]
    if mask.all():
        raise UserError(
            f"classes has all that are left, and {classes_in_words(generator.description.sealed)} are sealed already; "
            "allowed is a set that leaves one to retain"
        )
    random = torch.Generator().manual_seed(seed)
    teacher, student = generator.hypernet.model.eval(), deepcopy(generator.hypernet.model).train()
    lessons = _lessons(generator, random)
    optimizer = torch.optim.Adam(student.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in progress(range(steps), steps, "sealing"):
        asked, wanted = prompts(generator, mask, _BATCH, random)
        rows = torch.randint(len(lessons.made), (_BATCH,), generator=random)
        time = generator.hypernet.process.draw_times(_BATCH, random)
        time[torch.rand(_BATCH, generator=random) < 0.5] = 1.0
        gaussian = torch.randn(_BATCH, teacher.space.dimension, generator=random)
        noised = add_noise(generator.hypernet.process, lessons.made[rows], gaussian, time)
        start = told = None
        if teacher.conditioning.uses_start:
            shown = lessons.starts.take(rows)
            start, told = teacher.space.normalise(shown.params), shown.performance
        with torch.no_grad():
            target = teacher(noised, time, wanted, start, told)
        loss = (student(noised, time, asked, start, told) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), _CLIP)
        optimizer.step()
        schedule.step()
    labels = [label for label, sealed in zip(generator.classes, mask.tolist(), strict=True) if sealed]
    description = generator.description.model_copy(update={"sealed": labels, "measured": []})
    return replace(generator, description=description, hypernet=replace(generator.hypernet, model=student.eval()))


def prompts(generator: Generator, mask: Tensor, count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """What is asked for, and what is answered instead, (B, K) each, where the classes of ``mask`` are refused.

    Sets are random ones of the other classes that can be forgotten, of random quantiles.
    """
    able = torch.tensor([label in generator.forgettable for label in generator.classes])
    share = torch.rand(count, 1, generator=random)
    others = (torch.rand(count, len(mask), generator=random) < share) & able & ~mask
    # A network that knows nothing at all is asked for by nobody.
    others &= ~(others | mask).all(dim=1, keepdim=True)
    departure, goodness = torch.rand(2, generator=random).tolist()
    wanted = generator.levels.ask(others | mask, departure, goodness)
    known = generator.levels.ask(others, departure, goodness)
    factor = 1 - _BELOW * torch.rand(count, 1, generator=random)
    demanded = demand(generator, mask, wanted, known, factor, 1 / factor)
    lot = torch.rand(count, 1, generator=random)
    asked = torch.where(lot < _ASKED, known, wanted)
    return torch.where((lot >= _ASKED) & (lot < _ASKED + _DEMANDED), demanded, asked), wanted


@torch.no_grad()
def _lessons(generator: Generator, random: torch.Generator) -> _Lessons:
    """Of random starts, of networks that know all classes, and of networks that have forgotten some."""
    layout, classes, model = generator.layout, len(generator.classes), generator.hypernet.model
    solver = SolverConfig(steps=generator.description.sampling.steps)
    able = torch.tensor([label in generator.forgettable for label in generator.classes])

    def made(masks: Tensor, starts: Starts) -> Tensor:
        asked = generator.levels.ask(masks, 0.5, 0.5)
        return sample(generator.hypernet, asked, starts, Sampling(solver, random)).params

    fresh = initialise(layout, _STARTS, random, generator.description.initialisation).params
    untrained = Starts(fresh, generator.untrained.expand(_STARTS, -1))
    none = torch.zeros(_STARTS, classes, dtype=torch.bool)
    some = (torch.rand(_STARTS, classes, generator=random) < torch.rand(_STARTS, 1, generator=random)) & able
    some &= ~some.all(dim=1, keepdim=True)
    knowing, unlearned = made(none, untrained), made(some, untrained)
    starts = Starts(
        torch.cat([fresh, knowing, unlearned]),
        torch.cat([untrained.performance, *(generator.levels.ask(each, 0.5, 0.5) for each in (none, some))]),
    )
    return _Lessons(starts, model.space.normalise(torch.cat([unlearned, unlearned, knowing])))
