"""The audit of the page: claims first, then the figure and tables, a folded part a forget set."""

import re
from pathlib import Path
from typing import Any

import pytest

from hyperforget.report.captions import audit_caption
from hyperforget.report.page import render_report
from hyperforget.report.results import Metrics
from hyperforget.report.spec import FIGURE_FOLDER, TABLE_FOLDER, figure_names
from hyperforget.report.tables.thesis import write_tables
from tests.report.drawn import drawn_figures, words
from tests.report.synthetic_audit import AUDITED, write_audit
from tests.report.synthetic_results import BUILT_SPEC, METHODS, TASKS, as_spec, make_results
from tests.report.test_captions import check

pytestmark = pytest.mark.pipeline

TASK = "digits-4"
VALUES: dict[str, Any] = {
    **BUILT_SPEC,
    "tasks": {TASK: TASKS[TASK]},
    "methods": METHODS[:2] + METHODS[3:],
    "audit": AUDITED,
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_results(tmp_path_factory.mktemp("audited") / "results", VALUES)
    write_audit(folder, VALUES["tasks"], VALUES["methods"])
    return folder


def test_the_figure_shows_every_method_and_who_is_beaten_by_none(results: Path, tmp_path: Path) -> None:
    without = {**VALUES, "models": []}
    (tmp_path / "figures").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hyperforget.report.figures.figure_names", lambda spec, task: [f"{TASK}-audit"])
        drawing = drawn_figures(without, TASK, results, tmp_path / "figures")[f"{TASK}-audit"]
    assert {"DiHyFo-1", "DiHyFo-1 (editing)", "Lowered biases", "Nearest checkpoint"} <= set(words(drawing))
    assert "Retrained" not in words(drawing)
    told = dict(re.findall(r"([^:.]+(?:\.pt)?): known ([^.]+\.\d+)", drawing.description))
    assert told
    assert "DiHyFo-1: known +0.000, kept +0.000, 800 ms a request, beaten by none in all three." in drawing.description
    assert re.search(r"DiHyFo-1 \(editing\): known \+0\.048, kept [^.]*\.000, 800 ms a request\.", drawing.description)
    check(audit_caption(TASK))


def test_the_page_has_the_audit_only_where_there_is_one(results: Path) -> None:
    spec = as_spec(VALUES)
    write_tables(spec, Metrics(results / "metrics.csv"), results / TABLE_FOLDER)
    (results / FIGURE_FOLDER).mkdir()
    for name in figure_names(spec, TASK):
        (results / FIGURE_FOLDER / f"{name}.svg").write_text("<svg></svg>")
    page = render_report(spec, results)
    audit = page[page.index('<h2 id="audit">') : page.index('<h2 id="results">')]
    assert 'href="#audit-digits-4"' in page
    assert 'Hiding is told: <span class="better">✓ holds</span>' in audit
    assert re.search(
        r"Keeps what retraining keeps</th>(<td class=.forgot.><strong>✓ holds</strong>.*?</td>){2}</tr>", audit
    )
    for name in ("-audit", "-audit-rivals", "-audit-judged", "-audit-forget-2", "-audit-dihyfo-1"):
        assert audit.count(f'id="table-{TASK}{name}"') == page.count(f'id="table-{TASK}{name}"') == 1
    assert re.findall(r"<summary>(Forget set [^<]+)", audit) == [
        "Forget set {2}",
        "Forget set {2,3}",
        "Forget set {3}",
    ]
    assert 'id="metric-idi"' in page
    plain = render_report(as_spec({**VALUES, "audit": ()}), results)
    assert 'id="audit"' not in plain
    assert 'id="metric-idi"' not in plain
