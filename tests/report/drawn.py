"""Figures as they are drawn, without the seconds that it takes to write them as SVG."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from hyperforget.report.figures import write_figures
from hyperforget.report.figures.style import Drawing
from tests.report.synthetic_results import as_spec


def drawn_figures(spec: dict[str, Any], task: str, results: Path, folder: Path) -> dict[str, Drawing]:
    """What `write_figures` draws, by the names of the files in ``folder``, which it leaves without content."""
    drawings: dict[str, Drawing] = {}

    def keep(drawing: Drawing, name: str) -> str:
        drawings[name] = drawing
        return "<svg/>"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hyperforget.report.figures.to_svg", keep)
        write_figures(as_spec(spec), task, results, folder)
    assert set(drawings) == {path.stem for path in folder.iterdir()}
    return drawings


def words(drawing: Drawing) -> list[str]:
    """Every line of text in a figure."""
    found = [text for text in drawing.figure.findobj(Text) if isinstance(text, Text)]
    return [line for text in found for line in text.get_text().split("\n")]


def contents(drawing: Drawing) -> list[Any]:
    """What a figure says and shows: description, and of every panel limits and lines."""
    panels = [
        (axes.get_xlim(), axes.get_ylim(), [np.asarray(line.get_xydata()).tolist() for line in axes.lines])
        for axes in drawing.figure.axes
    ]
    return [drawing.description, *panels]
