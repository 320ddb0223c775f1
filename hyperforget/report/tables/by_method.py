"""The thesis' tables on paper: a block a method, a row a forget set, a column a metric."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

from hyperforget.config.methods import RETRAINED
from hyperforget.report.results import Value
from hyperforget.report.spec import method_title
from hyperforget.report.tables.measures import Measure, Population, Source
from hyperforget.report.tables.model import (
    Block,
    Cell,
    Heading,
    Label,
    Row,
    forget_label,
    in_percent,
    text,
    text_with_sets,
)


def chosen_title(method: str) -> str:
    """Of the network that is chosen of a method."""
    return method_title(method) + (", seed 0" if method == RETRAINED else "")


def blocks_by_method(
    thesis: Sequence[str], others: Sequence[str], source: Source, population: Population | None
) -> tuple[Block, ...]:
    """The methods of the thesis, the retrained population, then the other methods."""
    blocks = [
        *(_chosen_block(method, source) for method in thesis),
        *([_population_block(population, source)] if population else []),
        *(_chosen_block(method, source) for method in others),
    ]
    return (replace(blocks[0], headings=_headings(source.measures)), *blocks[1:]) if blocks else ()


def _headings(measures: Sequence[Measure]) -> tuple[tuple[Heading, ...], ...]:
    above = []
    for words, together in groupby(measures, key=lambda measure: measure.above):
        first, *more = together
        above.append(Heading(in_percent(text(words)) if first.images else text(words), 1 + len(more)))
    return (tuple(above), tuple(Heading(text_with_sets(measure.below)) for measure in measures))


def _chosen_block(method: str, source: Source) -> Block:
    columns = [
        list(zip(source.chosen(method, measure), source.published(method, measure), strict=True))
        for measure in source.measures
    ]
    rows = []
    for at, forget in enumerate(source.forget_sets):
        cells = [
            Cell(values[at][0].value, published=values[at][1], share=source.share(measure, forget))
            for measure, values in zip(source.measures, columns, strict=True)
        ]
        rows.append(Row(forget_label(forget), tuple(cells)))
    return Block((), tuple(rows), text(chosen_title(method)))


def _population_block(population: Population, source: Source) -> Block:
    """Three rows a set, because intervals beside the medians are too wide."""
    parts: tuple[tuple[Label | None, Callable[[Value], float]], ...] = (
        (None, lambda value: value.value),
        (_quantile("2.5 %"), lambda value: value.low),
        (_quantile("97.5 %"), lambda value: value.high),
    )
    rows = []
    for at, forget in enumerate(source.forget_sets):
        for label, part in parts:
            cells = [
                Cell(part(values[at]), share=source.share(measure, forget))
                for measure, values in zip(source.measures, population.medians, strict=True)
            ]
            rows.append(Row(label or forget_label(forget), tuple(cells)))
    known = [row for row in rows if not all(math.isnan(cell.value) for cell in row.cells)]
    return Block((), tuple(known), text(population.title))


def _quantile(name: str) -> Label:
    label = text(name)
    return Label(f"  {label.plain}", rf"\quad {label.latex}", label.html)
