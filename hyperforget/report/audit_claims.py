"""What an audit shows, in sentences made from its numbers: which claims hold, and which do not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from hyperforget.config.methods import NEAREST, ORIGINAL, RIVALS
from hyperforget.config.report_specs import ReportSpec, TaskSpec
from hyperforget.report.audited import Audit, Criterion, State, kind_of, side_of, title_of
from hyperforget.report.spec import compared_methods, forget_title, method_title
from hyperforget.report.tables.model import text_with_sets
from hyperforget.report.verdicts import BETTER, LEVEL, WORSE, signed

# What costs no training at a request, which a generator has to beat.
FREE_RIVALS = ("damp", "class-means", "bias", NEAREST)
# By these, in this share of cells.
_NEARER_BY = (("activation_distance", "test"), ("shift", "forget"))
_NEARER_SHARE = 2 / 3
_RETAINED = ("accuracy", "retain")


@dataclass(frozen=True)
class Claim:
    """A sentence, and whether what it is about holds; None of what only informs. ``nearly`` it does where all that
    speaks against it lies within single retrained networks. It is about a ``method``, by its title, or about criteria.
    """

    about: str
    holds: bool | Literal["nearly"] | None
    text: str
    method: str = ""

    @property
    def html(self) -> Markup:
        """The sentence, from a capital on."""
        return Markup(text_with_sets(self.text[0].upper() + self.text[1:]).html)


def audit_claims(spec: ReportSpec, task: TaskSpec, audit: Audit, again: Sequence[Audit]) -> list[Claim]:
    """First what the criteria are worth, then what they say of every method that is held against rivals."""
    compared = compared_methods(spec)
    claims = [_originals(audit), *_hidden(audit), _trusted(audit)]
    for method in compared:
        claims += [_forgets(audit, method), _keeps(audit, method)]
        claims += _nearer(spec, audit, method)
        claims.append(_rivals(spec, audit, method))
    return [*claims, *_seeds(audit, again, compared)]


def _originals(audit: Audit) -> Claim:
    """By every criterion that is about forgetting: what is kept an original has as well."""
    states = [each for each in audit.states(ORIGINAL) if kind_of(each[1]) != "kept"]
    passed = [criterion for _, criterion, state in states if state == "level"]
    told = f"{len(states) - len(passed)} of {len(states)} cells"
    text = f"the originals, which know every class, are told from retrained networks in {told}"
    return Claim("Every criterion tells originals", not passed, f"{text}{_but(_named(passed))}.")


def _hidden(audit: Audit) -> Iterator[Claim]:
    states = list(audit.states("bias"))
    if not states:
        return
    caught: dict[str, list[str]] = {}
    for forget, criterion, state in states:
        if state != "level" and kind_of(criterion) in ("knowledge", "relearning"):
            caught.setdefault(forget, []).append(title_of(criterion))
    first, *others = caught.values() if caught else ([],)
    always = [name for name in first if all(name in of for of in others)]
    where = f"on {len(caught)} of {len(audit.forget_sets)} forget sets"
    by = f", on each of these by {_listed(always)}" if always else ""
    yield Claim(
        "Hiding is told",
        len(caught) == len(audit.forget_sets),
        "lowered biases, which answer no forgotten class and know them all, are told from retrained networks "
        f"{where}{by}.",
    )


def _trusted(audit: Audit) -> Claim:
    count = len(audit.forget_sets)
    often = {by: sum(audit.is_trusted(forget, by) for forget in audit.forget_sets) for by in audit.criteria}
    every = [title_of(by) for by, sets in often.items() if sets == count]
    never = [title_of(by) for by, sets in often.items() if not sets]
    text = f"{len(every)} of {len(often)} criteria tell on every forget set who knows a class, answered or hidden"
    told = f": {_listed(every)}" if every else ""
    blind = f". Never do {_listed(never)}" if never else ""
    return Claim("Which criteria to trust", None, f"{text}{told}{blind}.")


def _forgets(audit: Audit, method: str) -> Claim:
    """By trusted criteria that are not about what is kept."""
    states = [
        (forget, by, state)
        for forget, by, state in audit.states(method)
        if audit.is_trusted(forget, by) and kind_of(by) != "kept"
    ]
    as_retrained = sum(state != "apart" for *_, state in states)
    level = sum(state == "level" for *_, state in states)
    apart = _named([by for _, by, state in states if state == "apart"])
    text = (
        f"in {as_retrained} of {len(states)} cells of trusted criteria as retrained networks ({level} not told from "
        f"them, {as_retrained - level} within single ones)"
    )
    return Claim("Forgets as retraining does", _holds(states), f"{text}{_but(apart)}.", method_title(method))


def _keeps(audit: Audit, method: str) -> Claim:
    found = [each for each in audit.states(method) if each[1] == _RETAINED]
    gaps = [audit.rows[forget, _RETAINED, method] for forget, *_ in found]
    worst = min(gaps, key=lambda row: row.difference)
    bounds = f"{signed(worst.difference_low)} to {signed(worst.difference_high)}"
    # To keep more is no fault here.
    level = sum(row.difference_high >= 0 for row in gaps)
    within = sum(row.difference_high < 0 and state == "within" for row, (*_, state) in zip(gaps, found, strict=True))
    return Claim(
        "Keeps what retraining keeps",
        True if level == len(gaps) else "nearly" if level + within == len(gaps) else False,
        f"accuracy on retained classes is not surely below that of retrained networks on {level} of {len(gaps)} "
        f"forget sets, and below but within single ones on {within}; on the worst, {forget_title(worst.forget)}, the "
        f"difference is {signed(worst.difference)} ({bounds}).",
        method_title(method),
    )


def _nearer(spec: ReportSpec, audit: Audit, method: str) -> Iterator[Claim]:
    free = [rival for rival in FREE_RIVALS if rival in spec.methods]
    cells = [
        row for row in audit.comparisons if row.method == method and row.rival in free and row.criterion in _NEARER_BY
    ]
    if cells:
        nearer = sum(row.gain > 0 for row in cells)
        surely = sum(side_of(row) == BETTER for row in cells)
        surely_not = sum(side_of(row) == WORSE for row in cells)
        yield Claim(
            "Nearer to retraining than what needs no training",
            nearer >= _NEARER_SHARE * len(cells),
            f"by activation distance and by shift in {nearer} of {len(cells)} cells ({surely} surely, {surely_not} "
            f"surely not), two thirds being the bar, against {_listed([method_title(rival) for rival in free])}.",
            method_title(method),
        )


def _rivals(spec: ReportSpec, audit: Audit, method: str) -> Claim:
    rivals = [rival for rival in spec.methods if rival in RIVALS]
    found = {rival: audit.sides(method, rival, trusted=True) for rival in rivals}
    total = {side: sum(each[side] for each in found.values()) for side in (BETTER, LEVEL, WORSE)}
    lost = [
        f"{method_title(rival)} ({sides[WORSE]} against {sides[BETTER]})"
        for rival, sides in found.items()
        if sides[WORSE] > sides[BETTER]
    ]
    text = (
        f"by trusted criteria, nearer to retrained networks in {total[BETTER]} cells, level in {total[LEVEL]}, farther "
        f"in {total[WORSE]}"
    )
    who = (
        f"; farther more often than nearer against {_listed(lost)}"
        if lost
        else "; against none farther more often than nearer"
    )
    return Claim("Nearer to retraining than every rival", not lost, f"{text}{who}.", method_title(method))


def _seeds(audit: Audit, again: Sequence[Audit], compared: Sequence[str]) -> Iterator[Claim]:
    if not again:
        return
    for method in compared:
        runs = [
            {(row.forget, row.criterion, row.rival): side_of(row) for row in run.comparisons if row.method == method}
            for run in (audit, *again)
        ]
        keys = [key for key in runs[0] if all(key in run for run in runs)]
        same = sum(len({run[key] for run in runs}) == 1 for key in keys)
        turned = sum({BETTER, WORSE} <= {run[key] for run in runs} for key in keys)
        yield Claim(
            "Does not hang on the seed",
            not turned,
            f"{same} of {len(keys)} comparisons with rivals come out the same with each of {len(runs)} seeds, and "
            f"{turned} turn round.",
            method_title(method),
        )


def _holds(states: Sequence[tuple[str, Criterion, State]]) -> bool | Literal["nearly"]:
    if any(state == "apart" for *_, state in states):
        return False
    return "nearly" if any(state == "within" for *_, state in states) else True


def _named(criteria: Sequence[Criterion]) -> list[str]:
    return list(dict.fromkeys(map(title_of, criteria)))


def _but(named: Sequence[str]) -> str:
    return f"; not by {_listed(named)}" if named else ""


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
