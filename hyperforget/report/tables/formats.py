"""Tables written as CSV, LaTeX and HTML."""

import csv
import io

from hyperforget.report.tables.model import Table, latex_escape, number, signed
from hyperforget.report.templates.tables import HTML, LATEX

# Colour is never alone: sign and mark say the same.
MARKS = {"better": "✓", "level": "=", "worse": "✗"}
# The page's light palette; a paper that defines a colour of that name keeps its own.
LATEX_COLOURS = {"better": "00664A", "level": "565D66", "worse": "9A3B00"}


def to_csv(table: Table) -> str:
    """The numbers as they stand in the metrics file, comma-separated."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(table.csv_rows)
    return stream.getvalue()


def to_latex(table: Table) -> str:
    """A booktabs ``tabular`` to ``\\input`` into a ``table`` environment; the caption comes as a comment."""
    marks = {verdict: latex_escape(mark) for verdict, mark in MARKS.items()}
    code = LATEX.render(table=table, number=_latex_number, marks=marks, colours=LATEX_COLOURS)
    return f"{code}\n"


def to_html(table: Table) -> str:
    """A ``figure`` with the caption, and the table in a box of its own, where a wide one scrolls."""
    page = HTML.render(table=table, number=number, signed=signed, marks=MARKS)
    return f"{page}\n"


def _latex_number(value: float, decimals: int, plus: str = "") -> str:
    shown = signed(value, decimals, plus, minus="$-$", infinity=r"$\infty$")
    return shown.replace("–", "--")
