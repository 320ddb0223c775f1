"""The report as people with other eyes and hands meet it: what axe-core, the engine of accessibility audits, finds."""

import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.report.chromium import Scheme, Tab

pytestmark = pytest.mark.processes
# What is folded is opened. A figure is one picture with a name, whose thousands of lines are nobody's stops, and rows
# of a table are alike: without these the audit takes a fifth of the time.
PREPARE = """
document.querySelectorAll('details').forEach(details => details.open = true);
const same = 'svg > :not(title, desc), tbody > tr:nth-child(n+5)';
document.querySelectorAll(same).forEach(element => element.remove());
"""
RUN = """
axe.run().then(found => { window.found = {
  passes: found.passes.length,
  violations: found.violations.map(each => [each.id, each.help, each.nodes.slice(0, 3).map(node => node.html)]),
} });
0
"""
SECONDS = 120


def audit(tab: Tab, page: Path, width: int, scheme: Scheme) -> dict[str, Any]:
    tab.show(page, width, scheme)
    tab.ask(PREPARE)
    tab.ask(f"{files('axe_core_python').joinpath('axe.min.js').read_text(encoding='utf-8')}; 0")
    tab.ask(RUN)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if found := tab.ask("window.found"):
            return dict(found)
        time.sleep(0.1)
    raise AssertionError(f"axe has said nothing for {SECONDS} s")


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (1400, "dark"), (400, "light")])
def test_axe_finds_no_violation(tab: Tab, drawn_page: Path, width: int, scheme: Scheme) -> None:
    found = audit(tab, drawn_page, width, scheme)
    assert found["passes"] > 20
    assert found["violations"] == []


def test_axe_finds_what_is_wrong(tab: Tab, drawn_page: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    worse = drawn_page.read_text(encoding="utf-8").replace('aria-label="Pad to draw a digit on"', "")
    page.write_text(worse.replace('<html lang="en">', "<html>"), encoding="utf-8")
    found = {violation[0] for violation in audit(tab, page, 1400, "light")["violations"]}
    assert found >= {"html-has-lang", "role-img-alt"}
