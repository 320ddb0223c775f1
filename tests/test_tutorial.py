"""The notebook runs from top to bottom as it stands, on the tiny task, and is kept without what it printed."""

from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.stages.conftest import results

# Fixtures.
__all__ = ["results"]

ROOT = Path(__file__).parents[1]
NOTEBOOK = nbformat.read(ROOT / "docs" / "tutorial.ipynb", as_version=4)
# What differs in the tiny run.
ASKED, TINY = 'task, forget = "digits", [2, 3, 4]', 'task, forget = "digits-4", [2]'


def test_it_is_kept_without_outputs_in_a_form_that_its_tools_read() -> None:
    nbformat.validate(NOTEBOOK)
    code = [cell for cell in NOTEBOOK.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert sum(ASKED in cell.source for cell in code) == 1


@pytest.mark.pipeline
@pytest.mark.processes
def test_it_runs_and_tells_what_came_of_it(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="no nbclient: pip install -e '.[development]'")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # which stages set, and a kernel would follow
    for kept in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):  # by default below the home folder
        monkeypatch.setenv(kept, str(tmp_path / "jupyter"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "results").symlink_to(results)
    notebook = nbformat.from_dict(NOTEBOOK)
    for cell in notebook.cells:
        cell.source = cell.source.replace(ASKED, TINY)
    resources = {"metadata": {"path": str(tmp_path / "docs")}}
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    outputs: list[Any] = [each for cell in notebook.cells for each in cell.get("outputs", [])]
    printed = "".join(each["text"] for each in outputs if each["output_type"] == "stream" and each["name"] == "stdout")
    assert "It knows the classes [0, 1, 2, 3], and can forget [2, 3].\n" in printed
    assert "the network " in printed
    assert "the median of 16 networks " in printed
    assert sum("image/png" in each.get("data", {}) for each in outputs) == 2
