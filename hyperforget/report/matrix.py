"""The first screen of the report: methods × forget sets, a verdict and its measurements in each cell."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hyperforget.config.methods import RETRAINED
from hyperforget.config.report_specs import ReportSpec, TaskSpec
from hyperforget.records.costs import CostRow
from hyperforget.report.answers import Answer, Tone, answer, yardstick_of
from hyperforget.report.costs import duration
from hyperforget.report.findings import set_name
from hyperforget.report.forgotten import level_of
from hyperforget.report.listings import Listing
from hyperforget.report.results import Metrics
from hyperforget.report.spec import forget_title, method_title
from hyperforget.report.tables.model import number


@dataclass(frozen=True)
class Word:
    """How a tone is said: a sign and a word, so that colour is never alone, and what it means."""

    sign: str
    word: str
    meaning: str


# In the order of the key above the matrices, from the best to the worst.
WORDS: dict[Tone, Word] = {
    "forgot": Word("✓", "forgot", "kept the rest, and answers as retrained networks do"),
    "differs": Word("≈", "forgot", "kept the rest, but answers less like retrained networks"),
    "loses": Word("▼", "loses", "forgot, but recognises fewer of the other classes"),
    "hides": Word("◐", "hides", "does not answer, but still knows: more comes back"),
    "answers": Word("✗", "answers", "still recognises what it was to forget"),
    "unsure": Word("?", "unsure", "too few images or retrained networks to say"),
}
# Narrow cells break lines between a count and its interval, and not within.
_SPACE = "\N{NO-BREAK SPACE}"
# Those that count as having forgotten a set.
FORGOT: tuple[Tone, ...] = ("forgot", "differs")


@dataclass(frozen=True)
class Part:
    """A measurement in a cell, whether the verdict rests on it, and its interval, if it has one."""

    text: str
    decides: bool = False
    interval: str = ""


@dataclass(frozen=True)
class Cell:
    """A verdict and its measurements: what is recognised, what comes back, what is kept, and the distance."""

    tone: Tone
    parts: tuple[Part, ...]

    @property
    def word(self) -> Word:
        """How the verdict is said."""
        return WORDS[self.tone]


@dataclass(frozen=True)
class Row:
    """A method, on how many forget sets it forgot, what a request takes (empty if that is not known), and its cells."""

    title: str
    forgot: int
    request: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """A forget set, whether collection left it out, and what retrained networks come to, where good answers lie."""

    title: str
    kept_out: bool
    images: int | None
    bounds: tuple[str, ...]


@dataclass(frozen=True)
class Matrix:
    """All answers on a task, what retraining one network takes, and all test ``images``, None where nobody counted
    them; ``listing`` has the numbers in full.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    retraining: str
    images: int | None
    listing: Listing


def answer_matrix(spec: ReportSpec, task: TaskSpec, metrics: Metrics, costs: Sequence[CostRow]) -> Matrix | None:
    """What every method but retraining does to every forget set of a task; None without such a method or set."""
    requests = {cost.method: duration(cost.request_seconds) for cost in costs if cost.task == task.name}
    answers = {
        method: {forget: answer(spec, metrics, task.name, method, forget) for forget in task.forget_sets}
        for method in spec.methods
        if method != RETRAINED
    }
    if not answers or not task.forget_sets:
        return None
    rows = tuple(
        Row(
            method_title(method),
            sum(each.tone in FORGOT for each in by_set.values()),
            requests.get(method, ""),
            tuple(Cell(each.tone, _parts(each)) for each in by_set.values()),
        )
        for method, by_set in answers.items()
    )
    columns = tuple(_column(task, forget, metrics) for forget in task.forget_sets)
    images = metrics.images(task.name, task.forget_sets[0], "test")
    return Matrix(columns, rows, requests.get(RETRAINED, ""), images, _listing(task, answers))


def _parts(found: Answer) -> tuple[Part, ...]:
    images, decides = found.recognised.images, found.recognised.state != "forgets"
    if images:
        count = f"{found.recognised.count}{_SPACE}of{_SPACE}{images}"
        recognised = Part(count, decides, _span(*found.recognised.interval))
    else:
        recognised = Part(f"{percent(found.recognised.accuracy)} recognised", decides)
    return (
        recognised,
        *_back(found),
        Part(f"{percent(found.kept.value, 1)} kept", found.loses),
        Part(f"{number(found.floors, 2)} floors", found.differs),
    )


def _back(found: Answer) -> Iterator[Part]:
    """What comes back; nothing of groups, where there is nothing to bring back."""
    if found.recovered:
        (shift, auc), (by_shift, by_auc) = found.recovered, found.hidden
        back = f"AUC {number(auc.value, 2)}" if by_auc and not by_shift else f"{percent(shift.value)} back"
        yield Part(back, by_shift or by_auc)


def _column(task: TaskSpec, forget: str, metrics: Metrics) -> Column:
    found = yardstick_of(metrics, task, forget)
    kept = found.kept if math.isnan(found.selected.value) else found.selected
    level = level_of(metrics, task, forget)
    bounds = (
        f"≤ {percent(level)} recognised" if task.groups else f"≤ {percent(found.recovered[0].high)} back",
        f"{percent(kept.value, 1)} kept",
        f"≤ {number(found.farthest, 2)} floors",
    )
    return Column(forget_title(forget), forget in task.holdout, metrics.images(task.name, forget, "forget"), bounds)


def _listing(task: TaskSpec, answers: Mapping[str, Mapping[str, Answer]]) -> Listing:
    caption = (
        f"The numbers behind the colours on {task.name}, chosen networks and test images: forgotten images "
        "recognised, with the exact 95 % interval; medians of what a shift of output biases brings back and of the "
        "AUC; accuracy on retained classes; distance to retrained networks. In brackets what to hold them against. "
        "Good: as retrained networks."
    )
    rows = tuple(
        (method_title(method), set_name(task, forget), *in_full(found))
        for method, by_set in answers.items()
        for forget, found in by_set.items()
    )
    return Listing(f"{task.name}-answers", caption, ("Method", "Forget set", *IN_FULL), rows, numeric=3)


IN_FULL = ("Verdict", "Recognised", "Back by a shift", "AUC", "Kept", "Floors")


def in_full(found: Answer) -> tuple[str, ...]:
    """An answer as words and numbers, of which `IN_FULL` are the headings; in brackets what to hold them against."""
    word, yardstick, kept = WORDS[found.tone], found.yardstick, found.kept
    back = ("–", "–")
    if found.recovered:
        (shift, auc), (most_shift, most_auc) = found.recovered, yardstick.recovered
        back = (
            f"{percent(shift.value)} (≤ {percent(most_shift.high)})",
            f"{number(auc.value, 2)} (≤ {number(most_auc.high, 2)})",
        )
    return (
        f"{word.sign} {word.word}",
        f"{found.recognised.words} [{_span(*found.recognised.interval)}]",
        *back,
        f"{percent(kept.value, 1)} ± {percent(kept.error, 1)} ({percent(found.kept_by_retrained.value, 1)})",
        f"{number(found.floors, 2)} (≤ {number(yardstick.farthest, 2)})",
    )


def percent(share: float, decimals: int = 0) -> str:
    """A share in percent; a dash for NaN."""
    return f"{number(100 * share, decimals)}{_SPACE}%" if not math.isnan(share) else number(share)


def _span(low: float, high: float) -> str:
    return f"{number(100 * low, 0)}–{percent(high)}"
