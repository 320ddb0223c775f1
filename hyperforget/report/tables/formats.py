"""Tables written as CSV, LaTeX and HTML."""

import csv
import io
from typing import Any

from hyperforget.report.tables.model import Table, latex_escape, number, signed
from hyperforget.report.tables.paper import COLUMN_GAP, parts
from hyperforget.report.tables.printed import printed, printed_difference, printed_thesis
from hyperforget.report.templates.tables import HTML, LATEX, LATEX_FLOAT

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
    """A booktabs ``tabular`` to ``\\input``, or one for each part of a table that fits no page; the caption comes as a
    comment.
    """
    return f"{LATEX.render(**_latex_words(table))}\n"


def to_latex_float(table: Table) -> str:
    """The same with captions and labels in ``table`` environments, which span both columns where they must."""
    return f"{LATEX_FLOAT.render(**_latex_words(table))}\n"


def to_html(table: Table) -> str:
    """A ``figure`` with the caption, and the table in a box of its own, where a wide one scrolls."""
    page = HTML.render(table=table, number=number, signed=signed, marks=MARKS)
    return f"{page}\n"


def _latex_words(table: Table) -> dict[str, Any]:
    return {
        "table": table,
        "parts": parts(table),
        "printed": printed,
        "printed_thesis": printed_thesis,
        "printed_difference": printed_difference,
        "marks": {verdict: latex_escape(mark) for verdict, mark in MARKS.items()},
        "colours": LATEX_COLOURS,
        "gap": COLUMN_GAP,
    }
