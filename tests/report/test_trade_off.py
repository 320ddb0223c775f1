"""The figure of what is kept against what is hidden shows the values of metrics and sweeps."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from hyperforget.config.methods import RIVALS
from hyperforget.errors import UserError
from hyperforget.report.captions import trade_off_caption
from hyperforget.report.figures.style import Drawing, style
from hyperforget.report.figures.trade_off import draw_trade_off
from hyperforget.report.results import Metrics, Value
from hyperforget.report.spec import method_title
from tests.report.synthetic_results import SPEC, TASKS, as_spec, make_results

pytestmark = pytest.mark.pipeline

SMALL: dict[str, Any] = {**SPEC, "tasks": {"digits-4": TASKS["digits-4"]}}
SETS = ["2", "2-3", "3"]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return make_results(tmp_path / "results", SMALL)


def drawn(raw: Path) -> Drawing:
    spec = as_spec(SMALL)
    with style():
        return draw_trade_off(raw / "digits-4", spec.task("digits-4"), spec)


def spots(axes: Axes) -> list[list[list[float]]]:
    return [np.asarray(line.get_xydata()).tolist() for line in axes.lines]


def values(raw: Path, method: str, forget: str) -> tuple[Value, Value]:
    metrics = Metrics(raw / "metrics.csv")
    of = ("digits-4", method, forget, "population")
    return metrics.need(*of, "shift", "forget"), metrics.need(*of, "accuracy", "retain")


def test_every_forget_set_has_a_panel_with_retrained_networks_a_line_a_method_and_rivals(raw: Path) -> None:
    panels = drawn(raw).figure.axes
    assert [axes.get_title().split("\n") for axes in panels] == [
        ["forget {2}"],
        ["forget {2,3}"],
        ["forget {3}", "kept out of collection"],
    ]
    for forget, axes in zip(SETS, panels, strict=True):
        hidden, kept = values(raw, "retrained", forget)
        (box,) = (patch for patch in axes.patches if isinstance(patch, Rectangle))
        corners = np.asarray(box.get_bbox()).ravel().tolist()
        assert corners == pytest.approx([hidden.low, kept.low, hidden.high, kept.high])
        cross, *lines = spots(axes)
        assert cross == [[hidden.value, kept.value]]
        for method, line in zip(("dihyfo-1", "dihyfo-1-edit", "dihyfo-2"), lines, strict=False):
            rows = pd.read_csv(raw / "digits-4" / method / "trade-off.csv", dtype={"forget": str})
            mine = rows[rows["forget"] == forget].sort_values("quantile")
            assert line == mine[["shift", "retain_accuracy"]].to_numpy().tolist()
        assert lines[3:] == [
            [[hidden.value, kept.value]]
            for hidden, kept in (values(raw, rival, forget) for rival in ("nearest", "bias"))
        ]


def test_marks_grow_with_the_quantile(raw: Path) -> None:
    for cloud in drawn(raw).figure.axes[0].collections:
        sizes = np.asarray(cloud.get_sizes())  # type: ignore[attr-defined]
        assert len(sizes) == 3
        assert (np.diff(sizes) > 0).all()


def test_a_rival_far_below_stands_on_the_lower_edge(raw: Path) -> None:
    path = raw / "digits-4" / "forget-2.csv"
    frame = pd.read_csv(path)
    where = (frame["method"] == "nearest") & (frame["metric"] == "accuracy") & (frame["set"] == "retain")
    frame.loc[where, "value"] = 0.4
    frame.to_csv(path, index=False)
    drawing = drawn(raw)
    axes = drawing.figure.axes[0]
    ((_, height),) = spots(axes)[4]
    assert height == axes.get_ylim()[0] > 0.8
    # Who does not see it is told the value.
    assert "and 0.400" in drawing.description


def test_every_rival_has_a_mark_of_its_own_whichever_others_there_are(tmp_path: Path) -> None:
    def marks(rivals: list[str]) -> dict[str, object]:
        every = {**SMALL, "methods": ["dihyfo-2", "retrained", *rivals]}
        results = make_results(tmp_path / rivals[0], every)
        spec = as_spec(every)
        with style():
            (legend,) = draw_trade_off(results / "digits-4", spec.task("digits-4"), spec).figure.legends
        titles = {method_title(rival) for rival in rivals}
        lines = [line for line in legend.legend_handles if line is not None and line.get_label() in titles]
        return {str(line.get_label()): line.get_marker() for line in lines if isinstance(line, Line2D)}

    found, fewer = marks([*RIVALS, "mine", "other"]), marks(["scrub", "mine"])
    assert len(found) == len(set(found.values())) == len(RIVALS) + 2
    assert fewer == {title: found[title] for title in ("SCRUB", "mine")}


def test_one_retrained_network_has_no_interval(raw: Path) -> None:
    path = raw / "digits-4" / "forget-2.csv"
    frame = pd.read_csv(path)
    frame.loc[frame["method"] == "retrained", ["low", "high"]] = None
    frame.to_csv(path, index=False)
    first, second, _ = drawn(raw).figure.axes
    assert (len(first.patches), len(second.patches)) == (0, 1)


def test_a_sweep_that_is_missing_is_named(raw: Path) -> None:
    (raw / "digits-4" / "dihyfo-2" / "trade-off.csv").unlink()
    with pytest.raises(UserError, match=r"dihyfo-2/trade-off\.csv is missing"):
        drawn(raw)


def test_a_sweep_without_one_of_the_forget_sets_is_named(raw: Path) -> None:
    path = raw / "digits-4" / "dihyfo-2" / "trade-off.csv"
    rows = pd.read_csv(path, dtype={"forget": str})
    rows[rows["forget"] != "2-3"].to_csv(path, index=False)
    with pytest.raises(UserError, match=r"dihyfo-2/trade-off\.csv has no row with forget '2-3'"):
        drawn(raw)


def test_the_caption_is_short() -> None:
    assert len(trade_off_caption("digits").split()) < 60
