"""Tables cut into parts that fit a page of paper: wide ones by columns, long ones by rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from hyperforget.report.tables.model import Block, Cell, Heading, Label, Row, Table, text
from hyperforget.report.tables.model import width as columns_of
from hyperforget.report.tables.printed import printed, printed_difference, printed_thesis
from hyperforget.report.tables.typeset import LINE, RULE, SMALLER, width

# In `\footnotesize` of a class of 10 points, where an `article` has 345 points and a column of two 229. With the
# letters of 11 and 12 points its 360 and 390 are as many as 320 and 312 here, and symbols may take a little more than
# is told.
PAGE_WIDTH, COLUMN_WIDTH = 305.0, 205.0
# Of 550; captions of sixty words take the rest also in a column.
_PAGE_HEIGHT = 420.0
# On each side of a column but for the outer ones.
COLUMN_GAP = 3.0
# Headings are set in two lines where it makes a column so much narrower.
_WORTH_A_LINE = 12.0
# As the template writes them: below a row that the thesis has too, and before a difference.
_BELOW, _MARK = ("  thesis", "  difference"), "= "


@dataclass(frozen=True)
class Part:
    """One ``tabular``: its blocks, and about how many points wide it is."""

    blocks: tuple[Block, ...]
    width: float

    @property
    def columns(self) -> int:
        """Without that of row headings."""
        return columns_of(self.blocks)

    @property
    def alignment(self) -> str:
        """Of every column, words to the left and numbers to the right."""
        rows = [cells for block in self.blocks for cells in block.cells if len(cells) == self.columns]
        return "".join("l" if rows and all(cells[at].words for cells in rows) else "r" for at in range(self.columns))

    @property
    def fits_a_column(self) -> bool:
        """Of a page with two of them."""
        return self.width <= COLUMN_WIDTH


def parts(table: Table) -> list[Part]:
    """One for a table that fits a page."""
    return [
        Part(page, _Widths.of(page, table.corner).total)
        for sheet in table.paper or (table.blocks,)
        for narrow in _narrow(sheet, table.corner)
        for page in _pages(narrow)
    ]


@dataclass(frozen=True)
class _Widths:
    """Of the row headings and of every column with its gaps, and by how much wide headings and titles exceed these."""

    labels: float
    columns: tuple[float, ...]
    beyond: float

    @property
    def total(self) -> float:
        return self.labels + sum(self.columns) + self.beyond

    @classmethod
    def of(cls, blocks: Sequence[Block], corner: Label) -> "_Widths":
        rows = [row for block in blocks for row in block.rows]
        labels = max(width(label) for label in (corner.plain, *map(_row_heading, rows)))
        columns, beyond = [0.0] * columns_of(blocks), 0.0
        lines = [[(item.span, _cell_width(item)) for item in row.cells] for row in rows]
        lines += [
            [(item.span, width(item.label.plain)) for item in line] for block in blocks for line in block.headings
        ]
        for wanted in (1, 2):
            # Columns are as wide as what stands in them alone; what spans several comes on top.
            for line in lines:
                at = 0
                for span, needed in line:
                    if wanted == 1 and span == 1:
                        columns[at] = max(columns[at], needed + 2 * COLUMN_GAP)
                    elif wanted == 2 and span > 1:
                        lacking = needed - sum(columns[at : at + span]) + 2 * COLUMN_GAP
                        columns[at + span - 1] += max(0.0, lacking)
                    at += span
        titles = [width(block.title.plain) for block in blocks if block.title]
        beyond = max([0.0, *(title - labels - sum(columns) for title in titles)])
        return cls(labels, tuple(columns), beyond)


def _row_heading(row: Row) -> str:
    return "\n".join([row.label.plain, *_BELOW[: 2 * row.has_published]])


def _cell_width(cell: Cell) -> float:
    small = max(width(printed_thesis(cell).plain), width(_MARK + printed_difference(cell).plain)) * SMALLER
    return max(width(printed(cell).plain), small if cell.published else 0.0)


def _narrow(sheet: tuple[Block, ...], corner: Label) -> list[tuple[Block, ...]]:
    """The sheet in as many as its columns take; only between those that share no heading can it be cut."""
    if not _has_plain_columns(sheet):
        return [sheet]
    sheet = _with_folded_headings(sheet)
    widths = _Widths.of(sheet, corner)
    ends = list(accumulate((heading.span for heading in sheet[0].headings[0]), initial=0))
    groups = [sum(widths.columns[start:end]) for start, end in pairwise(ends)]
    return [
        tuple(_known(_columns(block, ends[first], ends[last])) for block in sheet)
        for first, last in _packed(groups, PAGE_WIDTH - widths.labels)
    ]


def _known(block: Block) -> Block:
    """Without rows of nothing but dashes."""
    rows = tuple(
        row
        for row in block.rows
        if any(cell.words or cell.has_interval or cell.value == cell.value for cell in row.cells)
    )
    return replace(block, rows=rows or block.rows)


def _has_plain_columns(sheet: tuple[Block, ...]) -> bool:
    first, *others = sheet
    return (
        bool(first.headings)
        and not any(block.headings for block in others)
        and len({len(cells) for block in sheet for cells in block.cells}) == 1
        and all(cell.span == 1 for block in sheet for cells in block.cells for cell in cells)
    )


def _columns(block: Block, start: int, stop: int) -> Block:
    """The block with those columns alone."""
    headings = []
    for line in block.headings:
        at = list(accumulate((heading.span for heading in line), initial=0))
        headings.append(tuple(heading for heading, first in zip(line, at, strict=False) if start <= first < stop))
    rows = tuple(replace(row, cells=row.cells[start:stop]) for row in block.rows)
    return replace(block, headings=tuple(headings), rows=rows)


def _with_folded_headings(sheet: tuple[Block, ...]) -> tuple[Block, ...]:
    """Headings of one column that are wider than what stands below are set in two lines."""
    first, *others = sheet
    below = [max(_cell_width(cells[at]) for block in sheet for cells in block.cells) for at in range(columns_of(sheet))]
    headings = []
    for line in first.headings:
        at = accumulate((heading.span for heading in line), initial=0)
        headings.append(tuple(_folded(heading, below[first]) for heading, first in zip(line, at, strict=False)))
    return (replace(first, headings=tuple(headings)), *others)


def _folded(heading: Heading, room: float) -> Heading:
    words, latex = heading.label.plain.split(" "), heading.label.latex.split(" ")
    if heading.span > 1 or len(words) == 1 or len(words) != len(latex):
        return heading
    folded = {cut: "\n".join((" ".join(words[:cut]), " ".join(words[cut:]))) for cut in range(1, len(words))}
    cut, plain = min(folded.items(), key=lambda item: width(item[1]))
    if width(heading.label.plain) - max(room, width(plain)) < _WORTH_A_LINE:
        return heading
    code = rf"\shortstack[r]{{{' '.join(latex[:cut])}\\{' '.join(latex[cut:])}}}"
    return replace(heading, label=Label(plain, code, heading.label.html))


def _pages(sheet: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
    """The sheet in as many as its rows take, all headed as the first is; blocks stay whole where they can."""
    headings = sheet[0].headings
    lines = sum(max(heading.label.plain.count("\n") for heading in line) + 1 for line in headings)
    room = _PAGE_HEIGHT - lines * LINE - 3 * RULE
    pieces = [piece for block in sheet for piece in _pieces(block, room)]
    for first, last in _packed([_height(piece) for piece in pieces], room):
        page = pieces[first:last]
        yield (replace(page[0], headings=page[0].headings or headings), *page[1:])


def _height(block: Block) -> float:
    # Two small lines below, and a gap.
    lines = sum(3.5 if row.has_published else 1.0 for row in block.rows)
    return (lines + (block.title is not None) + len(block.headings)) * LINE + RULE


def _pieces(block: Block, room: float) -> list[Block]:
    """The block, cut where even a page of its own is too low for it."""
    heights = [_height(replace(block, rows=(row,), title=None, headings=())) - RULE for row in block.rows]
    cuts = _packed(heights, room - (1 + len(block.headings)) * LINE - RULE)
    titles = [block.title, *[block.title + text(", continued") if block.title else None] * (len(cuts) - 1)]
    return [
        replace(block, rows=block.rows[first:last], title=title)
        for (first, last), title in zip(cuts, titles, strict=True)
    ]


def _packed(sizes: Sequence[float], room: float) -> list[tuple[int, int]]:
    """From where to where to cut, so that what is together fits the room and no part is much smaller than others."""
    fewest = len(_greedily_packed(sizes, room))
    even = sum(sizes) / fewest
    while len(cuts := _greedily_packed(sizes, min(even, room))) > fewest:
        even += LINE
    return cuts


def _greedily_packed(sizes: Sequence[float], room: float) -> list[tuple[int, int]]:
    cuts, used = [0], 0.0
    for at, size in enumerate(sizes):
        if at > cuts[-1] and used + size > room:
            cuts.append(at)
            used = 0.0
        used += size
    return list(zip(cuts, [*cuts[1:], len(sizes)], strict=True))
