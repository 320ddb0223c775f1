"""Tables written as CSV, LaTeX and HTML."""

import csv
import io
import math
from collections.abc import Sequence

from hyperforget.report.tables.model import (
    Block,
    Cell,
    Heading,
    Published,
    Row,
    Table,
    latex_escape,
    number,
    signed,
)

# Colour is never alone: sign and mark say the same.
MARKS = {"better": "✓", "level": "=", "worse": "✗"}
# The page's light palette; a paper that defines a colour of that name keeps its own.
LATEX_COLOURS = {"better": "00664A", "level": "565D66", "worse": "9A3B00"}


def to_csv(table: Table) -> str:
    """The numbers as they stand in the metrics file, comma-separated."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(table.csv_rows)
    return stream.getvalue()


def exact(value: float) -> str:
    """The shortest text that reads back as the same number; empty for NaN."""
    return "" if math.isnan(value) else repr(float(value))


def to_latex(table: Table) -> str:
    """A booktabs ``tabular`` to ``\\input`` into a ``table`` environment; the caption comes as a comment."""
    packages = "booktabs, xcolor, pifont" if table.has_published else "booktabs"
    lines = [
        rf"% \usepackage{{{packages}}}",
        rf"% \caption{{{table.caption.latex}}}",
        rf"% \label{{tab:{table.name}}}",
        *(_latex_colours() if table.has_published else []),
        rf"\begin{{tabular}}{{l{'r' * table.width}}}",
        r"\toprule",
    ]
    for index, block in enumerate(table.blocks):
        if index:
            lines.append(r"\midrule")
        lines += _latex_block(block, table)
    lines += [r"\bottomrule", r"\end{tabular}", ""]
    return "\n".join(lines)


def to_html(table: Table) -> str:
    """A ``figure`` with the caption, and the table in a box of its own, where a wide one scrolls."""
    caption = f"table-{table.name}-caption"
    lines = [
        f'<figure class="table" id="table-{table.name}">',
        f'<figcaption id="{caption}">{table.caption.html}</figcaption>',
        f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{caption}">',
        f'<table aria-labelledby="{caption}">',
    ]
    for index, block in enumerate(table.blocks):
        lines += _html_block(block, table, first=index == 0)
    lines += ["</table>", "</div>", "</figure>", ""]
    return "\n".join(lines)


def _latex_block(block: Block, table: Table) -> list[str]:
    lines = []
    for level, headings in enumerate(block.headings):
        corner = table.corner.latex if level == 0 else ""
        cells = [_spanning(heading.label.latex, heading.span, "c") for heading in headings]
        lines.append(_latex_row([corner, *cells], _missing(headings, table)))
        if level < len(block.headings) - 1:
            lines.append(_rules_under(headings))
    if block.headings:
        lines.append(r"\midrule")
    if block.title is not None:
        lines.append(rf"\multicolumn{{{table.width + 1}}}{{l}}{{{block.title.latex}}} \\")
    for row in block.rows:
        cells = [_spanning(_latex_cell(cell), cell.span, "c") for cell in row.cells]
        lines.append(_latex_row([row.label.latex, *cells], _missing(row.cells, table)))
        if row.has_published:
            lines += _latex_published(row, table)
    return lines


def _latex_colours() -> list[str]:
    # The comment sign at the end keeps the line break from becoming a space before the table.
    return [rf"\providecolor{{{name}}}{{HTML}}{{{code}}}%" for name, code in LATEX_COLOURS.items()]


def _latex_published(row: Row, table: Table) -> list[str]:
    """Two small lines under a row; beside our values they would make the table too wide for a page."""
    lines = []
    for label, show in (("thesis", _latex_published_value), ("difference", _latex_difference)):
        shown = [show(cell.published, cell.decimals) if cell.published else "" for cell in row.cells]
        cells = [_spanning(content, cell.span, "c") for content, cell in zip(shown, row.cells, strict=True)]
        lines.append(_latex_row([rf"\quad\scriptsize {label}", *cells], _missing(row.cells, table)))
    return [*lines, r"\addlinespace"]


def _latex_published_value(published: Published, decimals: int) -> str:
    return rf"\scriptsize {_latex_number(published.value, decimals)}"


def _latex_difference(published: Published, decimals: int) -> str:
    shown = _latex_number(published.difference, decimals, plus="$+$")
    if published.verdict is None:
        return rf"\scriptsize {shown}"
    mark = latex_escape(MARKS[published.verdict])
    return rf"\textcolor{{{published.verdict}}}{{\scriptsize {mark} {shown}}}"


def _latex_row(cells: list[str], missing: int) -> str:
    return " & ".join(cells + [""] * missing).rstrip() + r" \\"


def _spanning(content: str, span: int, alignment: str) -> str:
    return content if span == 1 else rf"\multicolumn{{{span}}}{{{alignment}}}{{{content}}}"


def _rules_under(headings: Sequence[Heading]) -> str:
    rules = []
    start = 2
    for heading in headings:
        rules.append(rf"\cmidrule(lr){{{start}-{start + heading.span - 1}}}")
        start += heading.span
    return " ".join(rules)


def _latex_cell(cell: Cell) -> str:
    interval = ""
    if cell.has_interval:
        low, high = _latex_number(cell.low, cell.decimals), _latex_number(cell.high, cell.decimals)
        # Braces, because a bracket right after the row separator of the line before would be read as its
        # option.
        interval = f" {{[}}{low}, {high}{{]}}"
    return _latex_number(cell.value, cell.decimals) + interval


def _latex_number(value: float, decimals: int, plus: str = "") -> str:
    shown = signed(value, decimals, plus, minus="$-$", infinity=r"$\infty$")
    return shown.replace("–", "--")


def _html_block(block: Block, table: Table, first: bool) -> list[str]:
    headings = []
    for level, row in enumerate(block.headings):
        corner = []
        if level == 0:
            corner = [f'<th scope="col" rowspan="{len(block.headings)}">{table.corner.html}</th>']
        cells = [_html_heading(heading) for heading in row]
        headings.append(_html_row([*corner, *cells], _missing(row, table)))
    body = []
    if block.title is not None:
        body.append(
            f'<tr class="block"><th scope="rowgroup" colspan="{table.width + 1}">{block.title.html}</th></tr>'
        )
    for item in block.rows:
        body.append(
            _html_row([_html_row_heading(item), *map(_html_cell, item.cells)], _missing(item.cells, table))
        )
    # A table may have one thead only, and every later block brings headings of its own.
    if first:
        return ["<thead>", *headings, "</thead>", "<tbody>", *body, "</tbody>"]
    return [
        "<tbody>",
        *(heading.replace("<tr>", '<tr class="head">') for heading in headings),
        *body,
        "</tbody>",
    ]


def _html_heading(heading: Heading) -> str:
    if heading.span == 1:
        return f'<th scope="col">{heading.label.html}</th>'
    return f'<th scope="colgroup" colspan="{heading.span}">{heading.label.html}</th>'


def _html_row_heading(row: Row) -> str:
    below = "<br><small>thesis<br>difference</small>" if row.has_published else ""
    return f'<th scope="row">{row.label.html}{below}</th>'


def _html_cell(cell: Cell) -> str:
    content = number(cell.value, cell.decimals)
    if cell.has_interval:
        low, high = number(cell.low, cell.decimals), number(cell.high, cell.decimals)
        content += f' <span class="interval">[{low}, {high}]</span>'
    span = f' colspan="{cell.span}"' if cell.span > 1 else ""
    if cell.published is None:
        return f"<td{span}>{content}</td>"
    title, below = _html_published(cell.published, cell.decimals)
    return f'<td{span} title="{title}">{content}<br>{below}</td>'


def _html_published(published: Published, decimals: int) -> tuple[str, str]:
    """The tooltip of a cell and its small lines."""
    value, difference = number(published.value, decimals), signed(published.difference, decimals)
    title = f"Thesis {value}; ours minus thesis {difference}"
    if published.verdict is None:
        return title, f"<small>{value}<br>{difference}</small>"
    mark = f'<span role="img" aria-label="{published.verdict}">{MARKS[published.verdict]}</span>'
    return (
        f"{title}: {published.verdict}",
        f'<small>{value}<br><span class="{published.verdict}">{mark}&nbsp;{difference}</span></small>',
    )


def _html_row(cells: list[str], missing: int) -> str:
    filler = [f'<td class="empty" colspan="{missing}"></td>'] if missing else []
    return "<tr>" + "".join(cells + filler) + "</tr>"


def _missing(items: Sequence[Cell] | Sequence[Heading], table: Table) -> int:
    return table.width - sum(item.span for item in items)
