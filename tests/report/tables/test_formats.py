import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.config.report_specs import FullSpec
from hyperforget.report.results import Metrics
from hyperforget.report.tables.formats import to_html, to_latex, to_latex_float
from hyperforget.report.tables.model import (
    Block,
    Cell,
    Heading,
    Row,
    Table,
    exact,
    forget_label,
    latex_escape,
    number,
    text,
    text_with_sets,
)
from hyperforget.report.tables.paper import parts
from hyperforget.report.tables.thesis import build_tables


@pytest.fixture(scope="module")
def tables(results: Path, spec: FullSpec) -> list[Table]:
    return build_tables(spec, Metrics(results / "metrics.csv"))


def latex_columns(row: str) -> int:
    cells = re.split(r"(?<!\\)&", row)
    return sum(int(found.group(1)) if (found := re.match(r"\s*\\multicolumn\{(\d+)\}", cell)) else 1 for cell in cells)


def test_latex_is_balanced_tabulars_with_equal_rows(tables: list[Table]) -> None:
    for table in tables:
        code = "\n".join(line for line in to_latex(table).splitlines() if not line.startswith("%"))
        before, *tabulars = code.split(r"\begin{tabular}")
        assert len(tabulars) == len(parts(table)) == code.count(r"\end{tabular}")
        assert r"\\" not in before
        for tabular in tabulars:
            begin = re.match(r"\{@\{\}(l[lr]+)@\{\}\}", tabular)
            assert begin is not None
            columns = len(begin.group(1))
            rows = [line[: -len(r" \\")] for line in tabular.splitlines() if line.endswith(r"\\")]
            assert rows
            assert {latex_columns(row) for row in rows} == {columns}
            for start, end in re.findall(r"\\cmidrule\(lr\)\{(\d+)-(\d+)\}", tabular):
                assert 2 <= int(start) <= int(end) <= columns
            assert tabular.index(r"\toprule") < tabular.index(r"\midrule") < tabular.index(r"\bottomrule")


def test_latex_has_no_special_character_by_accident(tables: list[Table]) -> None:
    for table in tables:
        code = "\n".join(line for line in to_latex(table).splitlines() if not line.startswith("%"))
        assert re.sub(r"\\[{}]", "", code).count("{") == re.sub(r"\\[{}]", "", code).count("}")
        assert code.count("$") % 2 == 0
        outside = re.sub(r"\$[^$]*\$", "", code)
        # At the end of a line it keeps the break from becoming a space.
        assert not re.search(r"(?<!\\)(?:[_#^~]|%(?!\n))", outside)
        assert code.isascii()


def test_captions_are_short(tables: list[Table]) -> None:
    assert [table.caption.plain for table in tables if len(table.caption.plain.split()) > 60] == []


def test_latex_offers_caption_and_label_as_comments(tables: list[Table]) -> None:
    for table in tables:
        code = to_latex(table)
        assert re.search(rf"^% \\label\{{tab:{table.name}\}}$", code, flags=re.MULTILINE)
        assert re.search(r"^% \\caption\{.+\}$", code, flags=re.MULTILINE)
        assert code.count("\\caption") == 1


def test_floats_have_a_caption_and_a_label_of_their_own_for_every_part(tables: list[Table]) -> None:
    for table in tables:
        code, count = to_latex_float(table), len(parts(table))
        labels = [f"tab:{table.name}", *(f"tab:{table.name}-{part}" for part in range(2, count + 1))]
        assert re.findall(r"\\label\{(.*)\}", code) == labels
        captions = re.findall(r"\\caption\{(.*)\}", code)
        assert captions[0].startswith(table.caption.latex)
        assert len(captions) == count
        assert all(rf"Table~\ref{{tab:{table.name}}}" in caption for caption in captions[1:])
        for environment, part in zip(re.findall(r"\\begin\{(table\*?)\}", code), parts(table), strict=True):
            assert (environment == "table") == part.fits_a_column


@given(st.text(alphabet="\\{}_#%&$~^ abc012φ×≤", max_size=30))
def test_escaped_text_has_no_live_special(content: str) -> None:
    escaped = latex_escape(content)
    assert not re.search(r"(?<!\\)[_#%&]", escaped)
    assert escaped.replace(r"\$", "").count("$") % 2 == 0


class _Rows(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[int] = []
        self.headers: list[str | None] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in ("br", "meta", "link"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append(0)
        if tag in ("th", "td"):
            values = dict(attributes)
            self.rows[-1] += int(values.get("colspan") or 1)
            if tag == "th":
                self.headers.append(values.get("scope"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_nested_right_with_equal_rows_and_scopes(tables: list[Table]) -> None:
    for table in tables:
        parser = _Rows()
        parser.feed(to_html(table))
        assert parser.open == []
        # The row under a heading of two lines leaves the corner to the row above.
        assert set(parser.rows) <= {table.width, table.width + 1}
        assert set(parser.headers) <= {"col", "colgroup", "row", "rowgroup"}
        assert "row" in parser.headers


def test_a_short_block_is_filled_up() -> None:
    wide = Block(((Heading(text("a")), Heading(text("b"))),), (Row(text("x"), (Cell(1.0), Cell(2.0))),))
    narrow = Block(((Heading(text("c")),),), (Row(text("y"), (Cell(3.0),)),))
    table = Table("t", text("caption"), text("corner"), (wide, narrow), ())
    assert "y & 3.000 & \\\\" in to_latex(table)
    assert '<td>3.0000</td><td class="empty" colspan="1"></td>' in to_html(table)


def test_text_is_escaped_in_every_language() -> None:
    label = text("a_b & <c>")
    assert (label.plain, label.latex, label.html) == ("a_b & <c>", r"a\_b \& <c>", "a_b &amp; &lt;c&gt;")
    sets = text_with_sets("D_f & D_r")
    assert (sets.plain, sets.latex) == ("D_f & D_r", r"$D_f$ \& $D_r$")
    assert sets.html == "<var>D</var><sub>f</sub> &amp; <var>D</var><sub>r</sub>"
    assert forget_label("2-3").latex == r"$D_f = \{2,3\}$"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.98765, "0.9877"),
        (1.0, "1.0000"),
        (-0.5, "−0.5000"),
        (-0.00001, "0.0000"),
        (math.nan, "–"),
        (-math.inf, "−∞"),
        (math.inf, "∞"),
    ],
)
def test_numbers_are_shown_as_the_thesis_prints_them(value: float, shown: str) -> None:
    assert number(value) == shown


def test_latex_numbers_are_typeset() -> None:
    row = Row(text("φ"), (Cell(-math.inf), Cell(-0.25, -0.5, 0.0), Cell(math.nan)))
    table = Table("t", text("c"), text("k"), (Block(((Heading(text("a"), 3),),), (row,)),), ())
    assert r"$\phi$ & $-$$\infty$ & $-$0.250 {[}$-$0.500, 0.000{]} & --" in to_latex(table)


@given(st.floats(allow_nan=False))
def test_exact_reads_back_as_the_same_number(value: float) -> None:
    assert float(exact(value)) == value
