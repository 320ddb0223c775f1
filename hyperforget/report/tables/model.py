"""What a table is before it becomes CSV, LaTeX or HTML: blocks of columns stacked above each other."""

import html
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["better", "level", "worse"]

LATEX_SPECIALS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "#": r"\#",
    "%": r"\%",
    "&": r"\&",
    "$": r"\$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "φ": r"$\phi$",
    "–": "--",
    "−": "$-$",
    "×": r"$\times$",
    "÷": r"$\div$",
    "✓": r"$\checkmark$",
    "✗": r"$\times$",
    "≤": r"$\leq$",
    "∞": r"$\infty$",
}


@dataclass(frozen=True)
class Label:
    """One text in the three languages of a table; labels add up like strings."""

    plain: str
    latex: str
    html: str

    def __add__(self, other: "Label") -> "Label":
        return Label(self.plain + other.plain, self.latex + other.latex, self.html + other.html)


def text(content: str) -> Label:
    """Plain text, escaped for each language."""
    return Label(content, latex_escape(content), html.escape(content))


def latex_escape(content: str) -> str:
    """Text with every character that LaTeX reads as a command made printable."""
    return "".join(LATEX_SPECIALS.get(character, character) for character in content)


_SYMBOLS = {f"D_{index}": Label(f"D_{index}", f"$D_{index}$", f"<var>D</var><sub>{index}</sub>") for index in "rf"}


def text_with_sets(content: str) -> Label:
    """Text in which ``D_r`` and ``D_f``, the retained and the forgotten classes, become symbols."""
    parts = re.split("(D_[rf])", content)
    return sum((_SYMBOLS.get(part) or text(part) for part in parts), start=text(""))


def forget_label(forget: str) -> Label:
    """D_f = {2,3} for ``2-3``."""
    members = forget.split("-")
    plain = "{" + ",".join(members) + "}"
    return Label(
        f"D_f = {plain}",
        "$D_f = \\{" + ",".join(latex_escape(member) for member in members) + "\\}$",
        f"{_SYMBOLS['D_f'].html} = {html.escape(plain)}",
    )


def in_percent(label: Label) -> Label:
    """The heading of cells that have a `Share`, which papers print in percent."""
    return Label(f"{label.plain} (%)", rf"{label.latex} (\%)", label.html)


@dataclass(frozen=True)
class Heading:
    """A column heading over ``span`` columns."""

    label: Label
    span: int = 1


@dataclass(frozen=True)
class Published:
    """What the thesis printed for a cell, our value minus it, and how ours compares, None where it cannot."""

    value: float
    difference: float
    verdict: Verdict | None


@dataclass(frozen=True)
class Share:
    """Says of a number that it is a share of so many images or networks, None where nobody knows how many."""

    of: int | None

    @property
    def decimals(self) -> int:
        """Those of a percentage that is rounded by no more than one of them."""
        if not self.of:
            return 2
        return max(0, math.ceil(math.log10(self.of / 200)))


@dataclass(frozen=True)
class Cell:
    """A number over ``span`` columns, with its interval and the published value where it has them; or some ``words``.

    NaN shows as a dash, and as nothing where there is an interval alone. Papers print a ``share`` in percent.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    span: int = 1
    decimals: int = 4
    published: Published | None = None
    words: Label | None = None
    share: Share | None = None

    @property
    def has_interval(self) -> bool:
        return not (math.isnan(self.low) or math.isnan(self.high))

    @property
    def has_value(self) -> bool:
        return not (math.isnan(self.value) and self.has_interval)


@dataclass(frozen=True)
class Row:
    """A row heading and its cells."""

    label: Label
    cells: tuple[Cell, ...]

    @property
    def has_published(self) -> bool:
        return any(cell.published for cell in self.cells)


@dataclass(frozen=True)
class Block:
    """Rows under their own column headings; ``title`` heads the whole block."""

    headings: tuple[tuple[Heading, ...], ...]
    rows: tuple[Row, ...]
    title: Label | None = None

    @property
    def cells(self) -> tuple[tuple[Cell, ...], ...]:
        """Those of its rows."""
        return tuple(row.cells for row in self.rows)


@dataclass(frozen=True)
class Table:
    """A table: name, caption, label of the corner, blocks, and the same numbers as rows of a CSV file.

    ``paper`` holds the same numbers for a page of paper, where blocks are too wide for it: one table after another,
    each with headings in its first block alone, and cells of one column.
    """

    name: str
    caption: Label
    corner: Label
    blocks: tuple[Block, ...]
    csv_rows: tuple[tuple[str, ...], ...]
    paper: tuple[tuple[Block, ...], ...] = ()

    @property
    def has_published(self) -> bool:
        return any(row.has_published for block in self.blocks for row in block.rows)

    @property
    def width(self) -> int:
        """Columns of the widest block, row headings apart."""
        return width(self.blocks)


def width(blocks: Iterable[Block]) -> int:
    """Columns of the widest of them, row headings apart."""
    return max(
        sum(spans)
        for block in blocks
        for spans in (
            *([heading.span for heading in line] for line in block.headings),
            *([cell.span for cell in line] for line in block.cells),
        )
    )


def number(value: float, decimals: int = 4, minus: str = "−", infinity: str = "∞") -> str:
    """A number with a fixed count of decimals; a dash for NaN."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return infinity if value > 0 else minus + infinity
    rounded = f"{abs(value):.{decimals}f}"
    return minus + rounded if value < 0 and float(rounded) != 0 else rounded


def exact(value: float) -> str:
    """The shortest text that reads back as the same number; empty for NaN."""
    return "" if math.isnan(value) else repr(float(value))


def signed(value: float, decimals: int = 4, plus: str = "+", minus: str = "−", infinity: str = "∞") -> str:
    """`number` with its sign, which only 0 and NaN lack."""
    shown = number(value, decimals, minus, infinity)
    return plus + shown if round(value, decimals) > 0 else shown
