"""What whoever imports the package gets: light until it is used, and told to type checkers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hyperforget

STUB = Path(hyperforget.__file__).with_suffix(".pyi")


def test_the_import_loads_no_heavy_library_and_hardly_takes_time() -> None:
    program = (
        "import time; started = time.perf_counter(); import hyperforget; "
        "print(time.perf_counter() - started); import sys; "
        "print(*sorted({'torch', 'numpy', 'pandas', 'sklearn', 'pydantic', 'typer'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    seconds, heavy = printed.splitlines()
    assert float(seconds) < 0.2
    assert heavy == ""


def test_every_public_name_is_there_and_listed() -> None:
    for name in hyperforget.__all__:
        assert getattr(hyperforget, name) is not None
        assert name in dir(hyperforget)


def test_type_checkers_are_told_the_same_names() -> None:
    told = set()
    for statement in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom):
            told |= {alias.asname or alias.name for alias in statement.names}
        elif isinstance(statement, ast.AnnAssign):
            told.add(ast.unparse(statement.target))
    assert told == set(hyperforget.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        getattr(hyperforget, "laod")  # noqa: B009
