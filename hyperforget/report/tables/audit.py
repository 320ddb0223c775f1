"""The tables of an audit: who stands how by which kind of criterion, against whom, and what each criterion tells."""

import html
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from hyperforget.config.methods import ORIGINAL, RETRAINED, RIVALS
from hyperforget.config.report_specs import TablesSpec, TableTask
from hyperforget.records.audits import CriterionRow
from hyperforget.report.audited import (
    KIND_ORDER,
    Audit,
    Criterion,
    State,
    kind_of,
    side_of,
    state_of,
    title_of,
)
from hyperforget.report.glossary import KINDS, Kind
from hyperforget.report.spec import compared_methods, method_title
from hyperforget.report.tables.model import (
    Block,
    Cell,
    Heading,
    Label,
    Row,
    Table,
    exact,
    forget_label,
    latex_escape,
    number,
    text,
    text_with_sets,
)
from hyperforget.report.verdicts import BETTER, LEVEL, WORSE

_SIGNS: dict[State, Label] = {
    "level": Label("= ", "$=$ ", "= "),
    "within": Label("≈ ", r"$\approx$ ", "≈ "),
    "apart": text(""),
}
_MARKS = {BETTER: Label("✓ ", "$+$ ", "✓ "), LEVEL: Label("= ", "$=$ ", "= "), WORSE: Label("✗ ", "$-$ ", "✗ ")}
_TRUSTED = "to be trusted"


def audit_tables(spec: TablesSpec, task: TableTask, audit: Audit, again: Sequence[Audit]) -> list[Table]:
    """Those of `spec.audit_table_names`; ``again`` are the same with other seeds."""
    compared = compared_methods(spec)
    return [
        _overview(spec, audit),
        *[_rivals(spec, audit, compared)] * bool(compared),
        _judged(audit),
        *[_seeds(spec, audit, again)] * bool(task.repetitions),
        *(_forget_set(spec, audit, forget, forget in task.holdout) for forget in task.forget_sets),
        *(_against(spec, audit, method) for method in compared),
    ]


def _methods(spec: TablesSpec) -> list[str]:
    """Retrained networks first, and last the originals, which have forgotten nothing."""
    return [RETRAINED, *(method for method in spec.methods if method != RETRAINED), ORIGINAL]


def _overview(spec: TablesSpec, audit: Audit) -> Table:
    kinds = [kind for kind in KIND_ORDER if any(kind_of(each) == kind for each in audit.criteria)]
    groups = [_TRUSTED, *kinds]
    rows, csv_rows = [], []
    for method in _methods(spec):
        counts = {group: Counter[State]() for group in groups}
        for forget, criterion, state in audit.states(method):
            counts[kind_of(criterion)][state] += 1
            if audit.is_trusted(forget, criterion):
                counts[_TRUSTED][state] += 1
        rows.append(Row(text(method_title(method)), tuple(_counted(each) for each in counts.values())))
        csv_rows += [
            (method, group, *(str(of[state]) for state in ("level", "within", "apart"))) for group, of in counts.items()
        ]
    headings = (Heading(text("Criteria to trust")), *(Heading(text(KINDS[kind])) for kind in kinds))
    caption = text(
        f"How often methods on {audit.task} are as retrained networks, over criteria and forget sets: not told from "
        "them by the 95 % interval, + told, but with a median that single retrained networks have. Trusted criteria "
        "are those that tell who knows a class. Good: all of the first column; Original shows what tells nothing."
    )
    header = ("method", "criteria", "level", "within", "apart")
    return Table(
        f"{audit.task}-audit", caption, text("Method"), (Block((headings,), tuple(rows)),), (header, *csv_rows)
    )


def _counted(of: Counter[State]) -> Cell:
    return _words(text(f"{of['level']} + {of['within']} of {of.total()}" if of.total() else "–"))


def _rivals(spec: TablesSpec, audit: Audit, compared: Sequence[str]) -> Table:
    rivals = [method for method in spec.methods if method in RIVALS]
    rows, csv_rows = [], []
    for rival in rivals:
        cells = []
        for method in compared:
            for trusted in (True, False):
                counts = audit.sides(method, rival, trusted)
                csv_rows.append((method, rival, "trusted" if trusted else "all", *map(str, counts.values())))
                if trusted:
                    won, lost = counts[BETTER], counts[WORSE]
                    mark = BETTER if won > lost else WORSE if lost > won else LEVEL
                    cells.append(_words(_MARKS[mark] + text(f"{won} / {counts[LEVEL]} / {lost}")))
        rows.append(Row(text(method_title(rival)), tuple(cells)))
    headings = tuple(Heading(text(method_title(method))) for method in compared)
    caption = text(
        f"Against each rival on {audit.task}, over trusted criteria and forget sets: how often the 95 % interval says "
        "nearer to retrained networks / level / farther. ✓ nearer more often than farther, ✗ the reverse, = as often. "
        "Good: ✓ against all, above all against rivals without training."
    )
    header = ("method", "rival", "criteria", BETTER, LEVEL, WORSE)
    return Table(
        f"{audit.task}-audit-rivals", caption, text("Against"), (Block((headings,), tuple(rows)),), (header, *csv_rows)
    )


def _judged(audit: Audit) -> Table:
    found = {(row.criterion, row.forget): row for row in audit.judged}
    rows, csv_rows = [], []
    for criterion in audit.criteria:
        of = [found[criterion, forget] for forget in audit.forget_sets if (criterion, forget) in found]
        if not of:
            continue
        verdicts = Counter(audit.trust[row.forget, criterion] for row in of)
        said, count = verdicts.most_common(1)[0]
        areas = [[row.originals for row in of], [row.hidden for row in of if row.hidden is not None]]
        cells = [Cell(median(each), min(each), max(each), decimals=2) if each else Cell(math.nan) for each in areas]
        words = text(f"{said} ({count} of {len(of)})")
        rows.append(Row(text_with_sets(title_of(criterion)), (*cells, _words(words))))
        csv_rows += [
            (
                *(row.forget, *criterion),
                *(
                    exact(math.nan if value is None else value)
                    for value in (
                        *(row.originals, row.originals_low, row.originals_high),
                        *(row.hidden, row.hidden_low, row.hidden_high),
                    )
                ),
                audit.trust[row.forget, criterion],
            )
            for row in of
        ]
    headings = tuple(Heading(text(each)) for each in ("Tells originals", "Tells hidden classes", "What to make of it"))
    caption = text(
        f"Which criteria to trust on {audit.task}: the chance that an original, and one with lowered biases, is "
        "farther from retrained networks than one of these; median over forget sets, in brackets lowest and highest. "
        "Trusted is what surely tells both. Good: 1 in both columns; 0.5 is guessing."
    )
    header = (
        "forget", "metric", "set", "originals", "originals_low", "originals_high", "hidden", "hidden_low",
        "hidden_high", "verdict",
    )  # fmt: skip
    return Table(
        f"{audit.task}-audit-judged",
        caption,
        text("Criterion"),
        (Block((headings,), tuple(rows)),),
        (header, *csv_rows),
    )


def _forget_set(spec: TablesSpec, audit: Audit, forget: str, held_out: bool) -> Table:
    methods = _methods(spec)

    def cell(method: str, criterion: Criterion, decimals: int) -> Cell:
        row = audit.rows.get((forget, criterion, method))
        if row is None:
            return Cell(math.nan)
        sign = text("") if method == RETRAINED else _SIGNS[state_of(row, audit.rows[forget, criterion, RETRAINED])]
        value = number(row.value, decimals)
        shown = _bold(value) if audit.best(forget, criterion) == method else text(value)
        return Cell(row.value, row.low, row.high, decimals=decimals, words=sign + shown)

    blocks = []
    for kind, criteria in _by_kind(audit, lambda each: (forget, each, RETRAINED) in audit.rows):
        digits = [_decimals(audit.rows, forget, each, methods) for each in criteria]
        rows = tuple(
            Row(
                text(method_title(method)),
                tuple(cell(method, each, decimals) for each, decimals in zip(criteria, digits, strict=True)),
            )
            for method in methods
        )
        headings = tuple(Heading(text_with_sets(title_of(each))) for each in criteria)
        blocks.append(Block((headings,), rows, text(KINDS[kind])))
    csv_rows = [
        _csv_row(row, audit)
        for criterion in audit.criteria
        for method in methods
        if (row := audit.rows.get((forget, criterion, method)))
    ]
    kept_out = ", kept out of collection" if held_out else ""
    caption = (
        text(f"Every criterion on {audit.task}, ")
        + forget_label(forget)
        + text(
            f"{kept_out}: medians over networks with their 95 % intervals. = is not told from retrained networks, ≈ "
            "is, but single ones of them have it. Bold is the best where its interval is apart from all others'. "
            "Good: as in the first row, the floor."
        )
    )
    header = (
        "forget", "metric", "set", "method", "value", "low", "high", "difference", "difference_low", "difference_high",
        "spread_low", "spread_high", "n", "state", "best",
    )  # fmt: skip
    return Table(f"{audit.task}-audit-forget-{forget}", caption, text("Method"), tuple(blocks), (header, *csv_rows))


def _csv_row(row: CriterionRow, audit: Audit) -> tuple[str, ...]:
    numbers = (row.value, row.low, row.high, row.difference, row.difference_low, row.difference_high)
    spread = (math.nan if each is None else each for each in (row.spread_low, row.spread_high))
    state = state_of(row, audit.rows[row.forget, row.criterion, RETRAINED])
    best = audit.best(row.forget, row.criterion) == row.method
    names = (row.forget, *row.criterion, row.method)
    return (*names, *map(exact, numbers), *map(exact, spread), str(row.n), state, str(best).lower())


def _against(spec: TablesSpec, audit: Audit, method: str) -> Table:
    rivals = [each for each in spec.methods if each in RIVALS]
    of_method = [row for row in audit.comparisons if row.method == method]
    counts: dict[tuple[str, Criterion], Counter[str]] = {}
    for row in of_method:
        counts.setdefault((row.rival, row.criterion), Counter())[side_of(row)] += 1
    known = {criterion for _, criterion in counts}

    def cell(rival: str, criterion: Criterion) -> Cell:
        found = counts.get((rival, criterion))
        return _words(text(" / ".join(str(found[side]) for side in (BETTER, LEVEL, WORSE)) if found else "–"))

    blocks = tuple(
        Block(
            (tuple(Heading(text_with_sets(title_of(each))) for each in criteria),),
            tuple(Row(text(method_title(rival)), tuple(cell(rival, each) for each in criteria)) for rival in rivals),
            text(KINDS[kind]),
        )
        for kind, criteria in _by_kind(audit, known.__contains__)
    )
    caption = text(
        f"{method_title(method)} against each rival on {audit.task}, criterion by criterion: on how many forget sets "
        "the 95 % interval says nearer to retrained networks / level / farther. Good: the first number is larger than "
        "the last."
    )
    header = ("forget", "metric", "set", "rival", "gain", "low", "high", "verdict")
    csv_rows = (
        (row.forget, *row.criterion, row.rival, exact(row.gain), exact(row.low), exact(row.high), side_of(row))
        for row in of_method
    )
    return Table(f"{audit.task}-audit-{method}", caption, text("Against"), blocks, (header, *csv_rows))


def _seeds(spec: TablesSpec, audit: Audit, again: Sequence[Audit]) -> Table:
    runs = (audit, *again)
    kinds = [kind for kind in KIND_ORDER if any(kind_of(each) == kind for each in audit.criteria)]
    rows, csv_rows = [], []
    for method in _methods(spec):
        states = [{(forget, by): state for forget, by, state in run.states(method)} for run in runs]
        shared = [key for key in states[0] if all(key in of for of in states)]
        cells = []
        for kind in kinds:
            keys = [key for key in shared if kind_of(key[1]) == kind]
            same = sum(len({of[key] == "apart" for of in states}) == 1 for key in keys)
            alike = [sum(of[key] != "apart" for key in keys) for of in states]
            cells.append(_words(text(f"{', '.join(map(str, alike))} of {len(keys)}; same {same}" if keys else "–")))
        rows.append(Row(text(method_title(method)), tuple(cells)))
        for forget, criterion in shared:
            values = [run.rows[forget, criterion, method].value for run in runs]
            numbers = (sum(values) / len(values), min(values), max(values))
            found = (of[forget, criterion] for of in states)
            csv_rows.append((forget, *criterion, method, *map(exact, numbers), " ".join(found)))
    headings = tuple(Heading(text(KINDS[kind])) for kind in kinds)
    caption = text(
        f"What changes with the seed on {audit.task}: of criteria and forget sets, on how many a method is as "
        f"retrained networks (level, or within single ones) in each of {len(runs)} runs, and on how many all runs say "
        "the same. Good: equal numbers, all the same."
    )
    header = ("forget", "metric", "set", "method", "mean", "lowest", "highest", "states")
    return Table(
        f"{audit.task}-audit-seeds", caption, text("Method"), (Block((headings,), tuple(rows)),), (header, *csv_rows)
    )


def _by_kind(audit: Audit, known: Callable[[Criterion], bool]) -> Iterable[tuple[Kind, list[Criterion]]]:
    for kind in KIND_ORDER:
        criteria = [each for each in audit.criteria if kind_of(each) == kind and known(each)]
        if criteria:
            yield kind, criteria


def _decimals(
    rows: dict[tuple[str, Criterion, str], CriterionRow], forget: str, criterion: Criterion, methods: Iterable[str]
) -> int:
    """As many as leave three digits or so of the column's median size."""
    sizes = [abs(row.value) for method in methods if (row := rows.get((forget, criterion, method)))]
    size = median(sizes)
    return 3 if size < 10 else 1 if size < 1000 else 0


def _words(label: Label) -> Cell:
    return Cell(math.nan, words=label)


def _bold(shown: str) -> Label:
    return Label(shown, rf"\textbf{{{latex_escape(shown)}}}", f"<b>{html.escape(shown)}</b>")
