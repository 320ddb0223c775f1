"""What tables of methods have in common: a block a forget set, a row a method."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from hyperforget.config.report_specs import TableTask
from hyperforget.report.tables.model import Block, Heading, Row, forget_label, text


def blocks_by_forget_set(
    task: TableTask,
    methods: Iterable[str],
    headings: tuple[tuple[Heading, ...], ...],
    line: Callable[[str, str], tuple[Row, Iterable[str]]],
) -> tuple[tuple[Block, ...], list[tuple[str, ...]]]:
    """The blocks, and the same rows for a CSV file, each after forget set, whether it was held out, and method.

    ``line(method, forget)`` gives a row and its further fields in the file.
    """
    blocks: list[Block] = []
    csv_rows: list[tuple[str, ...]] = []
    for forget in task.forget_sets:
        held_out, rows = forget in task.holdout, []
        for method in methods:
            row, fields = line(method, forget)
            rows.append(row)
            csv_rows.append((forget, str(held_out).lower(), method, *fields))
        title = forget_label(forget) + text(", kept out of collection" if held_out else "")
        blocks.append(Block(() if blocks else headings, tuple(rows), title))
    return tuple(blocks), csv_rows


def with_columns(
    blocks: Sequence[Block], headings: tuple[tuple[Heading, ...], ...], columns: Sequence[int]
) -> tuple[Block, ...]:
    """The blocks with those of their columns, in that order, under other headings."""
    first, *others = [
        replace(block, rows=tuple(replace(row, cells=tuple(row.cells[at] for at in columns)) for row in block.rows))
        for block in blocks
    ]
    return (replace(first, headings=headings), *others)
