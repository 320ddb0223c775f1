"""What an audit came to, read from the files of its forget sets, and what is said of it by intervals alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from hyperforget.config.methods import ORIGINAL, RETRAINED, Method
from hyperforget.metrics.audit_registry import AUDIT
from hyperforget.metrics.registry import METRICS, Metric
from hyperforget.metrics.trust import Trust, trust
from hyperforget.records.audits import ComparisonRow, CriterionRow, JudgedRow
from hyperforget.records.files import read_rows
from hyperforget.report.audit_glossary import AUDIT_WORDS
from hyperforget.report.glossary import METRICS as WORDS
from hyperforget.report.glossary import Kind
from hyperforget.report.verdicts import BETTER, LEVEL, WORSE

# A metric and a set of images.
Criterion = tuple[str, str]
# Not told from retrained networks; told, but a median that single ones of them have; or apart.
State = Literal["level", "within", "apart"]

_REGISTRY: dict[str, Metric] = {**METRICS, **AUDIT}
# Equal medians of equal numbers can differ in the last binary digits.
_EQUAL = 1e-9
_SETS = {
    "retain": "D_r",
    "forget": "D_f",
    "test": "all",
    "retain-train": "D_r, training",
    "forget-train": "D_f, training",
    "train": "all, training",
}


@dataclass(frozen=True)
class Audit:
    """Of one task, or of one done again with another seed: the rows of its forget sets."""

    task: str
    forget_sets: tuple[str, ...]
    criterion_rows: tuple[CriterionRow, ...]
    comparisons: tuple[ComparisonRow, ...]
    judged: tuple[JudgedRow, ...]

    @cached_property
    def rows(self) -> dict[tuple[str, Criterion, str], CriterionRow]:
        """By forget set, criterion and method."""
        return {(row.forget, row.criterion, row.method): row for row in self.criterion_rows}

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        """All criteria, by kind, and in the order of the registries within one."""
        found = {row.criterion for row in self.criterion_rows}
        kinds, names = list(KIND_ORDER), list(_REGISTRY)
        return tuple(sorted(found, key=lambda each: (kinds.index(kind_of(each)), names.index(each[0]), each[1])))

    @cached_property
    def trust(self) -> dict[tuple[str, Criterion], Trust | Literal["not judged"]]:
        """By forget set and criterion, what to make of it."""
        return {(row.forget, row.criterion): trust_of(row) for row in self.judged}

    def is_trusted(self, forget: str, criterion: Criterion) -> bool:
        """Whether it tells on this forget set who knows from who does not, answered and hidden."""
        return self.trust.get((forget, criterion)) == "trust"

    def states(self, method: str) -> Iterator[tuple[str, Criterion, State]]:
        """How a method stands by every criterion on every forget set that it has."""
        for forget in self.forget_sets:
            for criterion in self.criteria:
                row = self.rows.get((forget, criterion, method))
                if row is not None:
                    yield forget, criterion, state_of(row, self.rows[forget, criterion, RETRAINED])

    def best(self, forget: str, criterion: Criterion) -> str | None:
        """The method whose interval is apart from all others', on the better side; None where there is no such."""
        ranges = {
            method: _distances(row)
            for (of, by, method), row in self.rows.items()
            if (of, by) == (forget, criterion)
            and method not in (RETRAINED, ORIGINAL)
            and not Method.parse(method).on_strangers
        }
        if len(ranges) < 2:
            return None
        first, *others = sorted(ranges, key=lambda method: ranges[method][1])
        return first if all(ranges[first][1] < ranges[each][0] - _EQUAL for each in others) else None

    def sides(self, method: str, rival: str, trusted: bool = False) -> dict[str, int]:
        """How often a method is better, level and worse, over criteria and forget sets, of all or the trusted ones."""
        counts = dict.fromkeys((BETTER, LEVEL, WORSE), 0)
        for row in self.comparisons:
            if (row.method, row.rival) == (method, rival) and (
                not trusted or self.is_trusted(row.forget, row.criterion)
            ):
                counts[side_of(row)] += 1
        return counts


KIND_ORDER: tuple[Kind, ...] = ("kept", "answers", "knowledge", "relearning", "attacks", "likeness")


def read_audit(results: Path, task: str, forget_sets: Iterable[str]) -> Audit:
    """The audit of a task; raises `UserError` for a file that is missing or lacks something."""
    sets = tuple(forget_sets)
    places = {kind: [results / task / f"audit-{forget}-{kind}.csv" for forget in sets] for kind in _KINDS_OF_FILES}
    return Audit(
        task,
        sets,
        tuple(row for path in places["criteria"] for row in read_rows(path, CriterionRow)),
        tuple(row for path in places["comparisons"] for row in read_rows(path, ComparisonRow, may_be_empty=True)),
        tuple(row for path in places["judged"] for row in read_rows(path, JudgedRow)),
    )


_KINDS_OF_FILES = ("criteria", "comparisons", "judged")


def kind_of(criterion: Criterion) -> Kind:
    """What a criterion is about."""
    metric, set_ = criterion
    return "kept" if set_.startswith("retain") else {**WORDS, **AUDIT_WORDS}[metric].kind


def title_of(criterion: Criterion) -> str:
    """How tables call a criterion, with ``D_r`` and ``D_f`` where a metric is of several sets."""
    metric, set_ = criterion
    title = {**WORDS, **AUDIT_WORDS}[metric].title
    several = len(_REGISTRY[metric].sets) > 1 and set_ in _SETS
    return f"{title} on {_SETS[set_]}" if several else title if len(_REGISTRY[metric].sets) == 1 else f"{title}, {set_}"


def state_of(row: CriterionRow, retrained: CriterionRow) -> State:
    """Level where the interval of the difference reaches no difference, or lies on the better side; within where the
    median lies in the central 95 % of retrained networks.
    """
    better, low, high = _REGISTRY[row.metric].better, row.difference_low - _EQUAL, row.difference_high + _EQUAL
    if (low <= 0 or better == "higher") and (high >= 0 or better == "lower"):
        return "level"
    if retrained.spread_low is None or retrained.spread_high is None:
        return "apart"
    inside = retrained.spread_low - _EQUAL <= row.value <= retrained.spread_high + _EQUAL
    return "within" if inside else "apart"


def side_of(row: ComparisonRow) -> str:
    """Better or worse where the whole interval of the gain is on that side of 0, else level."""
    return BETTER if row.low > _EQUAL else WORSE if row.high < -_EQUAL else LEVEL


def trust_of(row: JudgedRow) -> Trust | Literal["not judged"]:
    """What to make of a criterion, which is not judged without networks that hide."""
    return "not judged" if row.hidden_low is None else trust(row.originals_low, row.hidden_low)


def _distances(row: CriterionRow) -> tuple[float, float]:
    """Between which distances from the value of retrained networks the interval lies, below 0 of what is better."""
    better = _REGISTRY[row.metric].better
    low, high = row.difference_low, row.difference_high
    if better == "lower":
        return low, high
    if better == "higher":
        return -high, -low
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return least, max(abs(low), abs(high))
