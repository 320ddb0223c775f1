"""The report in a real browser: nothing goes wrong or out, nothing but tables scrolls sideways, and these well."""

import re
from pathlib import Path
from typing import get_args

import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.report.page import render_report
from tests.report.chromium import Scheme, Tab

WIDTHS = (400, 800, 1400)
pytestmark = pytest.mark.processes
# Opened, as everything can be, so that nothing hides in what is folded.
OPEN_ALL = "document.querySelectorAll('details').forEach(details => details.open = true)"
OVERHANG = "document.scrollingElement.scrollWidth - window.innerWidth"
# Of every table in a box that is narrower, how far its first cells move as the box is scrolled to its end.
MOVED = """
[...document.querySelectorAll('.scroll')].filter(box => box.querySelector('table')).flatMap(box => {
  const edge = box.getBoundingClientRect().left + 4;
  const cells = [...box.querySelectorAll('th:not([colspan])')].filter(cell => cell.getBoundingClientRect().left < edge);
  const before = cells.map(cell => cell.getBoundingClientRect().left);
  box.scrollLeft = box.scrollWidth;
  const moved = box.scrollLeft ? cells.map((cell, place) => before[place] - cell.getBoundingClientRect().left) : [];
  box.scrollLeft = 0;
  return moved;
})
"""


@pytest.fixture(scope="module")
def page(built: Path, built_spec: FullSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_report(built_spec, built), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", get_args(Scheme))
@pytest.mark.parametrize("width", WIDTHS)
def test_the_console_is_silent_and_nothing_is_fetched(tab: Tab, page: Path, width: int, scheme: Scheme) -> None:
    tab.show(page, width, scheme)
    tab.ask(OPEN_ALL)
    assert tab.named("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown") == []
    requests = [request["request"]["url"] for request in tab.named("Network.requestWillBeSent")]
    assert requests == [page.as_uri()]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_does_not_scroll_sideways(tab: Tab, page: Path, width: int) -> None:
    tab.show(page, width)
    assert tab.ask("window.innerWidth") == width
    assert tab.ask(OVERHANG) <= 0
    tab.ask(OPEN_ALL)
    assert tab.ask(OVERHANG) <= 0


@pytest.mark.parametrize("width", WIDTHS)
def test_tables_that_scroll_keep_their_first_column_in_sight(tab: Tab, page: Path, width: int) -> None:
    tab.show(page, width)
    tab.ask(OPEN_ALL)
    moved = tab.ask(MOVED)
    assert moved
    # The gap between cells may go.
    assert max(moved) <= 2


@pytest.mark.parametrize("width", [400, 1400])
def test_the_first_screen_has_the_verdicts_and_a_wide_one_the_contents_too(tab: Tab, page: Path, width: int) -> None:
    tab.show(page, width)
    verdicts = tab.ask(
        "[...document.querySelectorAll('table.matrix td strong')].filter(word => {"
        " const box = word.getBoundingClientRect(); return box.bottom < innerHeight && box.right < innerWidth })"
        ".map(word => word.textContent)"
    )
    assert len(verdicts) >= 2
    assert all(re.fullmatch(r"\S [\w ]+", word) for word in verdicts)
    contents = tab.ask("document.querySelector('nav').getBoundingClientRect().bottom < innerHeight")
    assert contents == (width == 1400)
    assert tab.ask("document.querySelector('nav').getBoundingClientRect().top >= 0")


def test_contents_stay_beside_the_text_of_wide_screens(tab: Tab, page: Path) -> None:
    tab.show(page, 1400)
    tab.ask("document.getElementById('metrics').scrollIntoView()")
    box = tab.ask("(({left, top, right}) => [left, top, right])(document.querySelector('nav').getBoundingClientRect())")
    heading = tab.ask("document.getElementById('metrics').getBoundingClientRect().left")
    assert 0 <= box[1] < 100
    assert box[2] <= heading


def test_without_scripts_what_is_folded_can_be_opened(tab: Tab, page: Path) -> None:
    """A browser that runs no scripts opens ``details`` all the same; none stands in for something else."""
    tab.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.show(page, 800)
        document = tab.command("DOM.getDocument")["root"]["nodeId"]
        found = tab.command("DOM.querySelectorAll", nodeId=document, selector="details > summary:first-child")[
            "nodeIds"
        ]
        details = tab.command("DOM.querySelectorAll", nodeId=document, selector="details")["nodeIds"]
        assert len(found) == len(details) > 0
    finally:
        tab.command("Emulation.setScriptExecutionDisabled", value=False)


def test_on_paper_nothing_is_folded(tab: Tab, page: Path) -> None:
    tab.show(page, 800)
    shown = "[...document.querySelectorAll('details > :last-child')].map(last => last.checkVisibility())"
    assert not any(tab.ask(shown))
    tab.command("Emulation.setEmulatedMedia", media="print", features=[])
    found = tab.ask(shown)
    assert found
    assert all(found)
