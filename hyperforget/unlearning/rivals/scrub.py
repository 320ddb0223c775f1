"""The rival `scrub`: away from the original on forgotten images, towards it on retained ones, in turns (SCRUB).

Kurmanji et al. (2023), "Towards Unbounded Machine Unlearning": with the original w as teacher, descent of α
KL(p(x; w) || p(x; θ)) + γ L(θ; x, y) on retained images, and ascent of KL(p(x; w) || p(x; θ)) on forgotten ones. Each
round has an epoch of ascent, in the first `ASCENTS` rounds, then one of descent. α and γ are those of the released
code; its rewinding serves membership attacks on single images, and is left out. It needs training images of all
classes, and validation images to choose the rate and the rounds.
"""

from torch import Tensor

from hyperforget.networks.batch import Networks
from hyperforget.unlearning.assignment import Assignment
from hyperforget.unlearning.rivals.descent import GRID, Answer, Loss, Pool, Schedule, descend
from hyperforget.unlearning.rivals.losses import cross_entropies, divergences
from hyperforget.unlearning.rivals.tuning import best

# α and γ.
TEACHER, LABELS = 0.001, 0.99
# Rounds with an epoch of ascent, and how many rounds are tried.
ASCENTS = 2
ROUNDS = (2, 3, 5)


def scrub(assignment: Assignment) -> Networks:
    """The originals after so many rounds, at such a rate, as validation images choose.

    Raises `UserError` where all settings diverge.
    """
    forgotten, retained = (Pool.of(assignment, each) for each in (assignment.forget, ~assignment.forget))
    lengths = tuple(rounds * retained.epoch + min(rounds, ASCENTS) * forgotten.epoch for rounds in ROUNDS)
    loss = scrub_loss(assignment.originals, forgotten, retained)
    originals, recipe = assignment.originals, assignment.recipe
    schedules = (Schedule(rate, lengths) for rate in GRID.rates)
    found = (networks for schedule in schedules for networks in descend(originals, recipe, loss, schedule))
    return best(found, assignment, "networks after SCRUB")


def scrub_loss(teachers: Networks, forgotten: Pool, retained: Pool) -> Loss:
    """What is descended at a step: on forgotten images minus the divergence from the ``teachers``, else the rest."""
    parts = teachers.layout.split(teachers.params.detach())

    def loss(answer: Answer, step: int) -> Tensor:
        ascends = is_ascent(step, forgotten.epoch, retained.epoch)
        images, labels = (forgotten if ascends else retained).draw()
        known, learned = teachers.layout.forward_parts(parts, images.T)[1], answer(images)
        away = divergences(known, learned)
        return -away if ascends else TEACHER * away + LABELS * cross_entropies(learned, labels)

    return loss


def is_ascent(step: int, forgotten: int, retained: int) -> bool:
    """Whether a step, from 1, ascends, where an epoch of forgotten and of retained images has so many steps."""
    done = step - 1
    return done < ASCENTS * (forgotten + retained) and done % (forgotten + retained) < forgotten
