import io
import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from hyperforget.metrics.registry import METRICS
from hyperforget.report.results import Metrics
from hyperforget.report.tables.formats import LATEX_COLOURS, MARKS, to_csv, to_html, to_latex
from hyperforget.report.tables.model import (
    Block,
    Cell,
    Heading,
    Published,
    Row,
    Share,
    Table,
    Verdict,
    signed,
    text,
)
from hyperforget.report.tables.paper import parts
from hyperforget.report.tables.published import PUBLISHED, TABLES, Entry, compare
from hyperforget.report.tables.thesis import build_tables
from tests.report.synthetic_results import SPEC as SYNTHETIC
from tests.report.synthetic_results import TASKS, as_spec, make_results

SETS = {"mnist-4": ("2", "2-3"), "mnist": ("2", "2-3-4", "0-1-2-3-4")}
INDIVIDUAL = {("accuracy", "retain"), ("accuracy", "forget"), ("mia", "forget-train")}
PAIRED = {
    *(("overlap", set_) for set_ in ("retain", "forget", "test")),
    ("activation_distance", "test"),
    ("phi", "test"),
}
# One more forget set than the thesis has, and methods that it lacks.
SPEC = {
    **SYNTHETIC,
    "tasks": {
        "mnist-4": {**TASKS["digits-4"], "forget": ["2", "2-3", "3"], "holdout": []},
        "mnist": TASKS["digits"],
    },
}
WAYS = {
    "better": Published(0.5, 0.25, "better"),
    "level": Published(0.75, 0.0, "level"),
    "worse": Published(0.875, -0.125, "worse"),
    "unjudged": Published(0.875, -0.125, None),
    "unknown": Published(0.875, math.nan, None),
}


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Metrics:
    spec = {**SPEC, "tasks": {"digits-4": SPEC["tasks"]["mnist-4"], "digits": SPEC["tasks"]["mnist"]}}
    folder = make_results(tmp_path_factory.mktemp("published") / "results", spec)
    path = folder / "metrics.csv"
    path.write_text(path.read_text().replace("digits", "mnist"))
    return Metrics(path)


@pytest.fixture(scope="module")
def tables(metrics: Metrics) -> dict[str, Table]:
    return {table.name: table for table in build_tables(as_spec(SPEC), metrics)}


def a_table(*cells: Cell) -> Table:
    block = Block(((Heading(text("a"), len(cells)),),), (Row(text("x"), cells),))
    return Table("t", text("caption"), text("corner"), (block,), ())


def latex_rows(table: Table) -> list[list[str]]:
    lines = [line for line in to_latex(table).splitlines() if line.endswith(r"\\")]
    return [[cell.strip() for cell in line[: -len(r" \\")].split("&")] for line in lines]


def test_every_cell_of_the_four_tables_is_there() -> None:
    assert [(table.number, sum(map(len, table.rows.values()))) for table in TABLES] == [
        ("3.1", 18),
        ("3.2", 20),
        ("3.3", 27),
        ("3.4", 30),
    ]
    expected = {
        Entry(task, method, forget, metric, set_)
        for task, forget_sets in SETS.items()
        for forget in forget_sets
        for methods, measures in (
            (("dihyfo-1", "dihyfo-2", "retrained"), INDIVIDUAL),
            (("dihyfo-1", "dihyfo-2"), PAIRED),
        )
        for method in methods
        for metric, set_ in measures
    }
    assert set(PUBLISHED) == expected


def test_values_are_possible_and_have_four_decimals() -> None:
    for entry, value in PUBLISHED.items():
        assert entry.set in METRICS[entry.metric].sets
        assert 0 <= value <= (math.sqrt(2) if entry.metric == "activation_distance" else 1)
        assert value == round(value, 4)


def test_overlap_on_all_images_lies_between_that_on_retained_and_forgotten_ones() -> None:
    for entry in PUBLISHED:
        if (entry.metric, entry.set) == ("overlap", "test"):
            low, value, high = (PUBLISHED[replace(entry, set=name)] for name in ("forget", "test", "retain"))
            assert low < value < high


@pytest.mark.parametrize(
    ("metric", "set_", "gain", "verdict"),
    [
        ("overlap", "test", 0.01, "better"),
        ("overlap", "test", -0.01, "worse"),
        ("overlap", "test", 0.00004, "level"),
        ("overlap", "test", -0.00004, "level"),
        ("overlap", "test", 0.00006, "better"),
        ("phi", "test", -math.inf, "worse"),
        ("activation_distance", "test", 0.01, "worse"),
        ("activation_distance", "test", -0.01, "better"),
        ("activation_distance", "test", math.nan, None),
    ],
)
def test_better_is_what_the_metric_calls_better(metric: str, set_: str, gain: float, verdict: Verdict | None) -> None:
    entry = Entry("mnist", "dihyfo-2", "2", metric, set_)
    compared = compare(entry, PUBLISHED[entry] + gain, math.nan)
    assert compared is not None
    assert compared.verdict == verdict
    assert compared.difference == pytest.approx(gain, nan_ok=True)


# The thesis' network is 0.2139 above its retrained one, which is at 0.4171.
@pytest.mark.parametrize(
    ("ours", "retrained", "verdict"),
    [
        (0.5, 0.45, "better"),
        (0.4, 0.45, "better"),
        (0.3, 0.6, "worse"),
        (0.9, 0.6, "worse"),
        (0.6 + 0.2139, 0.6, "level"),
        (0.6 - 0.2139, 0.6, "level"),
        (0.5, math.nan, None),
    ],
)
def test_where_the_retrained_network_is_the_target_better_is_nearer_to_it(
    ours: float, retrained: float, verdict: Verdict | None
) -> None:
    compared = compare(Entry("mnist-4", "dihyfo-1", "2", "mia", "forget-train"), ours, retrained)
    assert compared == Published(0.631, ours - 0.631, verdict)


def test_the_retrained_network_itself_is_not_judged() -> None:
    compared = compare(Entry("mnist-4", "retrained", "2", "mia", "forget-train"), 0.5, 0.5)
    assert compared == Published(0.4171, 0.5 - 0.4171, None)


@pytest.mark.parametrize(
    "entry",
    [
        Entry("digits", "dihyfo-1", "2", "accuracy", "retain"),
        Entry("mnist", "dihyfo-1-edit", "2", "accuracy", "retain"),
        Entry("mnist", "dihyfo-1", "2-3", "accuracy", "retain"),
        Entry("mnist", "dihyfo-1", "2", "jsd", "test"),
        Entry("mnist", "dihyfo-1", "2", "phi", "retain"),
        Entry("mnist", "retrained", "2", "overlap", "test"),
    ],
)
def test_what_the_thesis_lacks_is_compared_with_nothing(entry: Entry) -> None:
    assert compare(entry, ours=0.5, retrained=0.5) is None


def test_tables_hold_every_published_value_once(tables: dict[str, Table]) -> None:
    for task in SETS:
        for kind, measures, count in (("individual", INDIVIDUAL, 3), ("paired", PAIRED, 2)):
            cells = [
                (cell, cell.published)
                for block in tables[f"{task}-{kind}"].blocks
                for row in block.rows
                for cell in row.cells
                if cell.published
            ]
            assert len(cells) == count * len(SETS[task]) * len(measures)
            assert all(published.difference == cell.value - published.value for cell, published in cells)
    others = [name for name in tables if not re.fullmatch(r"mnist(-4)?-(individual|paired)", name)]
    assert others
    assert not any(tables[name].has_published for name in others)


def test_the_caption_says_where_published_values_come_from(tables: dict[str, Table]) -> None:
    for number, name in (("3.1", "mnist-4-individual"), ("3.4", "mnist-paired")):
        caption = tables[name].caption.plain
        assert f"the thesis, table {number}," in caption
        assert "selected on the test set" in caption
        assert "one retrained network" in caption
        assert len(caption.split()) <= 60
        assert ("nearer to the retrained network" in caption) == (number == "3.1")
        assert all(mark in caption for mark in MARKS.values())
    assert "thesis" not in tables["mnist-holdout-paired"].caption.plain


def test_csv_holds_value_difference_and_verdict_exactly(tables: dict[str, Table], metrics: Metrics) -> None:
    frame = pd.read_csv(io.StringIO(to_csv(tables["mnist-4-individual"])), header=[0, 1], index_col=0)
    ours = metrics.need("mnist-4", "dihyfo-2", "2-3", "chosen", "mia", "forget-train").value
    retrained = metrics.need("mnist-4", "retrained", "2-3", "chosen", "mia", "forget-train").value
    assert frame.loc["MIA", ("dihyfo-2 published", "2-3")] == 0.3994
    assert frame.loc["MIA", ("dihyfo-2 difference", "2-3")] == ours - 0.3994
    nearer = abs(ours - retrained) < 0.3994 - 0.3398
    assert frame.loc["MIA", ("dihyfo-2 verdict", "2-3")] == ("better" if nearer else "worse")
    assert frame.loc["Accuracy on D_f", ("dihyfo-1 verdict", "2")] == "level"
    assert frame[["retrained verdict"]].isna().all(axis=None)
    assert frame[["dihyfo-1 published"]].loc["MIA, control"].isna().all()
    assert frame["dihyfo-1 published"]["3"].isna().all()
    assert "nearest published" not in frame.columns.get_level_values(0)


def test_csv_of_other_tables_has_no_such_columns(tables: dict[str, Table]) -> None:
    for name in ("mnist-holdout-individual", "mnist-holdout-paired"):
        assert "published" not in to_csv(tables[name])


@pytest.mark.parametrize(
    ("way", "title", "content"),
    [
        (
            "better",
            "Thesis 0.5000; ours minus thesis +0.2500: better",
            '0.5000<br><span class="better"><span role="img" aria-label="better">✓</span>&nbsp;+0.2500</span>',
        ),
        (
            "level",
            "Thesis 0.7500; ours minus thesis 0.0000: level",
            '0.7500<br><span class="level"><span role="img" aria-label="level">=</span>&nbsp;0.0000</span>',
        ),
        (
            "worse",
            "Thesis 0.8750; ours minus thesis −0.1250: worse",
            '0.8750<br><span class="worse"><span role="img" aria-label="worse">✗</span>&nbsp;−0.1250</span>',
        ),
        ("unjudged", "Thesis 0.8750; ours minus thesis −0.1250", "0.8750<br>−0.1250"),
        ("unknown", "Thesis 0.8750; ours minus thesis –", "0.8750<br>–"),
    ],
)
def test_html_shows_value_mark_and_signed_difference(way: str, title: str, content: str) -> None:
    page = to_html(a_table(Cell(0.75, published=WAYS[way]), Cell(0.25)))
    assert f'<td title="{title}">0.7500<br><small>{content}</small></td><td>0.2500</td>' in page
    assert '<th scope="row">x<br><small>thesis<br>difference</small></th>' in page


def test_latex_shows_value_mark_and_signed_difference_under_the_row() -> None:
    cells = [Cell(0.75, published=published) for published in WAYS.values()]
    *_, ours, thesis, difference = latex_rows(a_table(*cells, Cell(0.25)))
    assert ours == ["x", *["0.7500"] * 5, "0.250"]
    small = [rf"\scriptsize {value}" for value in ("0.5000", "0.7500", *["0.8750"] * 3)]
    assert thesis == [r"\quad\scriptsize thesis", *small, ""]
    assert difference == [
        r"\quad\scriptsize difference",
        r"\textcolor{better}{\scriptsize $\checkmark$ $+$0.2500}",
        r"\textcolor{level}{\scriptsize = 0.0000}",
        r"\textcolor{worse}{\scriptsize $\times$ $-$0.1250}",
        r"\scriptsize $-$0.1250",
        r"\scriptsize --",
        "",
    ]


def test_latex_names_packages_and_colours_where_it_needs_them(tables: dict[str, Table]) -> None:
    code = to_latex(tables["mnist-paired"])
    assert code.startswith("% \\usepackage{booktabs, xcolor, amssymb}\n")
    for name in re.findall(r"\\textcolor\{(\w+)\}", code):
        assert f"\\providecolor{{{name}}}{{HTML}}{{{LATEX_COLOURS[name]}}}%\n" in code
    assert code.index(r"\providecolor") < code.index(r"\begin{tabular}")
    plain = to_latex(tables["mnist-holdout-paired"])
    assert plain.startswith("% \\usepackage{booktabs}\n")
    assert "color" not in plain


def test_latex_prints_shares_in_percent_with_the_decimals_of_the_thesis() -> None:
    cells = (Cell(0.75, published=WAYS["worse"], share=Share(44)), Cell(0.75, share=Share(44)))
    *_, ours, thesis, difference = latex_rows(a_table(*cells))
    assert ours == ["x", "75.00", "75"]
    assert thesis[1] == r"\scriptsize 87.50"
    assert r"$-$12.50" in difference[1]


def test_latex_stays_balanced_with_equal_rows(tables: dict[str, Table]) -> None:
    table = tables["mnist-4-individual"]
    code = to_latex(table)
    assert code.isascii()
    assert code.count("{") == code.count("}")
    columns = {part.columns for part in parts(table)}
    for row in latex_rows(table):
        spans = [re.match(r"\\multicolumn\{(\d+)\}", cell) for cell in row]
        assert sum(int(span[1]) if span else 1 for span in spans) - 1 in columns


def test_latex_colours_pass_level_aa_on_white() -> None:
    from tests.report.test_figures import contrast

    assert all(contrast(f"#{code.lower()}", "#ffffff") >= 4.5 for code in LATEX_COLOURS.values())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.25, "+0.2500"),
        (-0.25, "−0.2500"),
        (0.0, "0.0000"),
        (0.00001, "0.0000"),
        (-0.00001, "0.0000"),
        (math.inf, "+∞"),
        (-math.inf, "−∞"),
        (math.nan, "–"),
    ],
)
def test_differences_carry_their_sign(value: float, shown: str) -> None:
    assert signed(value) == shown
