"""Documents name files and rooms that are there."""

import re
from pathlib import Path

import pytest

from tests.test_layers import LEVEL_OF, LEVELS

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "config/README.md", "docs/tutorial.ipynb")
DOCUMENTS = [*(ROOT / page for page in PAGES), *sorted((ROOT / "docs").glob("*.md"))]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")
PATH = re.compile(r"`((?:hyperforget|workflow|config|docs|tests|benchmarks|envs)/[\w./-]+)`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    linked = [document.parent / target for target in LINK.findall(text)]
    missing = [str(path) for path in linked + [ROOT / name for name in PATH.findall(text)] if not path.exists()]
    assert missing == []


def test_the_readme_is_read_in_minutes() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def test_every_promise_names_tests_that_are_there() -> None:
    rows = [line.split("|")[1:-1] for line in GUARANTEES.splitlines() if line.startswith("|") and "---" not in line]
    promises = [row for row in rows if len(row) == 2 and "what tries to break it" not in row[1]]
    assert len(promises) > 15
    for promise, breakers in promises:
        named = TEST.findall(breakers)
        assert named, promise
        for file, test in named:
            text = (ROOT / file).read_text(encoding="utf-8")
            assert f"def {test}(" in text if test else "def test_" in text or "TestCase" in text, (promise, file, test)
    assert len(GUARANTEES.splitlines()) <= 130


def test_the_check_finds_links_and_paths() -> None:
    text = "[a](../hyperforget/no.py), [b](x.md#part), [c](https://example.org) and `config/no.yaml`"
    assert LINK.findall(text) == ["../hyperforget/no.py", "x.md"]
    assert PATH.findall(text) == ["config/no.yaml"]
    assert len(LINK.findall(ARCHITECTURE)) > 20


def test_the_architecture_fits_on_a_page_and_has_every_room_in_the_order_of_imports() -> None:
    assert len(ARCHITECTURE.splitlines()) <= 80
    rows = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in ARCHITECTURE.splitlines() if line[:3] == "| `"]
    rooms = [room for row in rows for room in row]
    assert set(rooms) == set(LEVEL_OF) - {"hyperforget"}
    assert [LEVEL_OF[room] for room in rooms] == sorted(LEVEL_OF[room] for room in rooms)
    assert len(rows) <= len(LEVELS)
