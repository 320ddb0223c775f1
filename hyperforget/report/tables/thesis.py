"""The thesis' tables 3.1 to 3.4: metrics in rows, methods and forget sets in columns."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hyperforget.config.methods import RETRAINED
from hyperforget.config.report_specs import TablesSpec
from hyperforget.report.audited import read_audit
from hyperforget.report.results import Metrics
from hyperforget.report.spec import TABLE_SUFFIXES, THESIS_METHODS, table_names
from hyperforget.report.tables.audit import audit_tables
from hyperforget.report.tables.by_method import blocks_by_method, chosen_title
from hyperforget.report.tables.comparison import comparison_table
from hyperforget.report.tables.formats import to_csv, to_html, to_latex, to_latex_float
from hyperforget.report.tables.measures import INDIVIDUAL, PAIRED, Population, Source
from hyperforget.report.tables.model import (
    Block,
    Cell,
    Heading,
    Label,
    Published,
    Row,
    Table,
    exact,
    forget_label,
    text,
    text_with_sets,
)
from hyperforget.report.tables.own_metrics import own_metrics_table
from hyperforget.report.tables.published import published_note
from hyperforget.report.tables.recovery import recovery_table
from hyperforget.report.tables.seeds import seeds_table
from hyperforget.report.tables.strangers import strangers_table
from hyperforget.report.tables.widths import widths_table

_METHODS_PER_BLOCK = 3


def write_tables(spec: TablesSpec, metrics: Metrics, folder: Path) -> None:
    """Write every table of `spec.table_names` as CSV, LaTeX and HTML into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in build_tables(spec, metrics):
        for suffix, render in zip(TABLE_SUFFIXES, (to_csv, to_latex, to_latex_float, to_html), strict=True):
            (folder / f"{table.name}{suffix}").write_text(render(table), encoding="utf-8")


def build_tables(spec: TablesSpec, metrics: Metrics) -> list[Table]:
    """All tables in the order of `spec.table_names`; raises `UserError` for a row that the metrics lack."""
    tables = []
    for task in spec.tasks:
        for prefix, forget_sets in ((task.name, task.forget), (f"{task.name}-holdout", task.holdout)):
            if forget_sets:
                individual = Source(task, forget_sets, INDIVIDUAL, metrics)
                tables.append(_individual_table(f"{prefix}-individual", spec, individual))
                tables.append(_paired_table(f"{prefix}-paired", spec, replace(individual, measures=PAIRED)))
        tables.append(comparison_table(spec, task, metrics))
        if not task.groups:
            tables.append(recovery_table(spec, task, metrics))
        if task.stranger_methods:
            tables.append(strangers_table(task, metrics))
        if task.repetitions:
            tables.append(seeds_table(spec, task, metrics))
        if task.sharing:
            tables.append(widths_table(spec, task, metrics))
        if spec.metrics:
            tables.append(own_metrics_table(spec, task, metrics))
        if spec.audit:
            audit, *again = (
                read_audit(metrics.path.parent, name, task.forget_sets) for name in (task.name, *task.repetitions)
            )
            tables += audit_tables(spec, task, audit, again)
    by_name = {table.name: table for table in tables}
    return [by_name[name] for name in table_names(spec)]


def _individual_table(name: str, spec: TablesSpec, source: Source) -> Table:
    caption = text_with_sets(
        f"Individual metrics on {source.title}, chosen networks, test images: accuracy, membership inference (MIA) and "
        "its control. Good: 0 on D_f, all else as retrained networks."
    )
    thesis = [method for method in THESIS_METHODS if method in spec.methods]
    if RETRAINED not in thesis:
        return _table(name, caption, source, thesis, _others(spec), None)
    medians = tuple(source.retrained(measure, required=True) for measure in source.measures)
    count = max((value.n for row in medians for value in row), default=0)
    heading = f"Retrained, median of {count} seeds"
    population = Population(f"{heading} [central 95 % of networks]", f"{heading}, central 95 %", medians)
    return _table(name, caption, source, thesis, _others(spec), population)


def _paired_table(name: str, spec: TablesSpec, source: Source) -> Table:
    caption = text_with_sets(
        f"Paired metrics on {source.title}: chosen networks against the retrained one (seed 0), on test images. Good: "
        "as between two retrained networks, which disagree on D_f too."
    )
    thesis = [method for method in THESIS_METHODS if method in spec.methods and method != RETRAINED]
    medians = tuple(source.retrained(measure, required=False) for measure in source.measures)
    # A single retrained network has no other to be compared with.
    is_whole = all(len(values) == len(source.forget_sets) for values in medians)
    heading = "Two retrained networks, median of all pairs"
    population = Population(f"{heading} [central 95 % of pairs]", f"{heading}, central 95 %", medians)
    return _table(name, caption, source, thesis, _others(spec), population if is_whole else None)


def _others(spec: TablesSpec) -> list[str]:
    return [method for method in spec.methods if method not in THESIS_METHODS]


def _table(
    name: str,
    caption: Label,
    source: Source,
    thesis: Sequence[str],
    others: Sequence[str],
    population: Population | None,
) -> Table:
    """The block of the thesis, then the retrained population, then the other methods, three at a time."""
    chunks = [others[at : at + _METHODS_PER_BLOCK] for at in range(0, len(others), _METHODS_PER_BLOCK)]
    columns = len(source.forget_sets) * max(1, len(thesis), *map(len, chunks))
    blocks = [_chosen_block(thesis, source)] if thesis else []
    if population:
        blocks.append(_population_block(population, source, columns))
    blocks += [_chosen_block(chunk, source) for chunk in chunks]
    csv_rows = _csv_rows([*thesis, *others], source, population)
    paper = blocks_by_method(thesis, others, source, population)
    table = Table(name, caption, text(source.task.name), tuple(blocks), csv_rows, (paper,))
    if not table.has_published:
        return table
    note = published_note(source.task.name, [measure.metric for measure in source.measures])
    return replace(table, caption=caption + note)


def _chosen_block(methods: Sequence[str], source: Source) -> Block:
    top = tuple(Heading(text(chosen_title(method)), len(source.forget_sets)) for method in methods)
    bottom = tuple(Heading(forget_label(forget)) for _ in methods for forget in source.forget_sets)
    rows = tuple(
        Row(
            measure.label,
            tuple(
                Cell(value.value, published=published)
                for method in methods
                for value, published in zip(
                    source.chosen(method, measure), source.published(method, measure), strict=True
                )
            ),
        )
        for measure in source.measures
    )
    return Block((top, bottom), rows)


def _population_block(population: Population, source: Source, columns: int) -> Block:
    # Intervals are long: each takes the room of all the columns that the other blocks give to its forget set.
    span = columns // len(source.forget_sets)
    top = (Heading(text(population.heading), span * len(source.forget_sets)),)
    bottom = tuple(Heading(forget_label(forget), span) for forget in source.forget_sets)
    rows = tuple(
        Row(measure.label, tuple(Cell(value.value, value.low, value.high, span) for value in values))
        for measure, values in zip(source.measures, population.medians, strict=True)
    )
    return Block((top, bottom), rows)


def _csv_rows(methods: Sequence[str], source: Source, population: Population | None) -> tuple[tuple[str, ...], ...]:
    """Two header rows (method, forget set), then a row a metric; pandas reads it with ``header=[0, 1]``."""
    parts = ("median", "low", "high") if population else ()
    published = [
        method for method in methods if any(any(source.published(method, measure)) for measure in source.measures)
    ]
    groups = [
        *methods,
        *(f"{RETRAINED} {part}" for part in parts),
        *(f"{method} {part}" for method in published for part in ("published", "difference", "verdict")),
    ]
    lines = [
        ["method", *(group for group in groups for _ in source.forget_sets)],
        ["forget", *source.forget_sets * len(groups)],
    ]
    for index, measure in enumerate(source.measures):
        numbers = [value.value for method in methods for value in source.chosen(method, measure)]
        if population:
            medians = population.medians[index]
            numbers += [getattr(value, part) for part in ("value", "low", "high") for value in medians]
        beside = [field for method in published for field in _csv_published(source.published(method, measure))]
        lines.append([measure.label.plain, *map(exact, numbers), *beside])
    return tuple(map(tuple, lines))


def _csv_published(values: Sequence[Published | None]) -> list[str]:
    """Published values, then differences, then verdicts; empty where there is none."""
    return [
        *(exact(value.value) if value else "" for value in values),
        *(exact(value.difference) if value else "" for value in values),
        *((value.verdict or "") if value else "" for value in values),
    ]
