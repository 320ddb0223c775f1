"""What is drawn, and that it can be read by all."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Hashable
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest

from hyperforget.errors import UserError
from hyperforget.records.files import write_rows
from hyperforget.records.methods import ConfusionRow
from hyperforget.report.figures import write_figures
from hyperforget.report.figures.alignment import draw_alignment
from hyperforget.report.figures.candidates import draw_candidates
from hyperforget.report.figures.confusion import draw_confusion
from hyperforget.report.figures.style import PALETTE, style
from hyperforget.report.spec import FIGURE_FOLDER, figure_files
from tests.report.synthetic_results import BUILT_SPEC, SPEC, TASKS, as_spec, make_results

SVG = "{http://www.w3.org/2000/svg}"
SMALL = {
    **SPEC,
    "tasks": {"digits-4": {**TASKS["digits-4"], "forget": ["2"], "holdout": []}},
    "models": ["dihyfo-1"],
    "methods": ["dihyfo-1", "retrained"],
}


@pytest.fixture(scope="module")
def drawings(built: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in sorted((built / FIGURE_FOLDER).glob("digits-4-*"))}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return make_results(tmp_path / "results", SMALL)


def contrast(first: str, second: str) -> float:
    def luminance(colour: str) -> float:
        channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_files_are_those_that_names_tells(built: Path) -> None:
    expected = [file for task in ("digits-4", "digits") for file in figure_files(as_spec(BUILT_SPEC), task)]
    assert {path.name for path in (built / FIGURE_FOLDER).iterdir()} == set(expected)


def test_every_figure_is_xml_with_a_title_and_a_text_alternative(drawings: dict[str, str]) -> None:
    def child(root: ElementTree.Element, tag: str) -> ElementTree.Element:
        found = root.find(f"{SVG}{tag}")
        assert found is not None
        return found

    for name, svg in drawings.items():
        root = ElementTree.fromstring(svg)
        labels = root.get("aria-labelledby", "").split()
        assert root.get("role") == "img"
        assert labels == [f"{name}-title", f"{name}-description"]
        assert [child(root, "title").get("id"), child(root, "desc").get("id")] == labels
        assert len(child(root, "desc").text or "") > 40


def test_ids_are_unique_over_all_figures_and_all_references_resolve(drawings: dict[str, str]) -> None:
    everything = "\n".join(drawings.values())
    ids = re.findall(r'\sid="([^"]+)"', everything)
    assert len(ids) == len(set(ids))
    references = set(re.findall(r'(?:href="#|url\(#)([^")]+)', everything))
    assert references
    assert references <= set(ids)


def test_figures_load_nothing_and_carry_no_date_or_machine(drawings: dict[str, str]) -> None:
    for svg in drawings.values():
        assert not re.search(r'(?:href|src)="(?!#)', svg)
        assert "<script" not in svg
        assert "<image" not in svg
        assert "<metadata" not in svg
        assert not re.search(r"20\d\d-\d\d-\d\d", svg)


def test_ink_follows_the_page_and_nothing_paints_a_background(drawings: dict[str, str]) -> None:
    for svg in drawings.values():
        assert "currentColor" in svg
        assert "fill: #ffffff" not in svg
        assert "*{" not in svg


def test_colours_have_contrast_on_light_and_dark() -> None:
    for colour in PALETTE:
        assert contrast(colour, "#ffffff") >= 3
        assert contrast(colour, "#14171a") >= 3


def test_bytes_are_the_same_every_time_whatever_the_users_style(built: Path, tmp_path: Path) -> None:
    spec = as_spec({**BUILT_SPEC, "methods": ["nearest"]})
    with matplotlib.rc_context({"font.size": 20, "axes.grid": False, "svg.hashsalt": "other"}):
        write_figures(spec, "digits-4", built, tmp_path)
        assert matplotlib.rcParams["font.size"] == 20
    names = figure_files(spec, "digits-4")
    assert len(names) == 6
    for name in names:
        assert (tmp_path / name).read_bytes() == (built / FIGURE_FOLDER / name).read_bytes()


def test_text_stays_text(drawings: dict[str, str]) -> None:
    assert "mean squared error" in texts(drawings["digits-4-dihyfo-1-learning"])
    assert "prompt alignment R²" in texts(drawings["digits-4-dihyfo-1-alignment"])
    assert "target loss (nats)" in texts(drawings["digits-4-dihyfo-1-observed"])


def test_observed_has_panels_for_free_and_pivot_classes_of_seen_and_unseen_runs(
    drawings: dict[str, str],
) -> None:
    labels = texts(drawings["digits-4-dihyfo-1-observed"])
    for role in ("free", "pivot"):
        for starts in ("seen in training", "kept out of training"):
            assert f"{role} classes, runs {starts}" in labels
    assert "observed = target" in labels
    assert "lower bound: class median in the corpus" in labels


def test_observed_has_the_medians_of_the_corpus_that_the_model_was_trained_on(small: Path, tmp_path: Path) -> None:
    corpora = {"corpus": [], "corpus-ends": ["dihyfo-1"]}
    spec = as_spec({**SMALL, "tasks": {"digits-4": {**SMALL["tasks"]["digits-4"], "corpora": corpora}}})
    text = (small / "digits-4" / "corpus-classes.csv").read_text()
    (small / "digits-4" / "corpus-ends-classes.csv").write_text(text.replace("median", "middle"))
    with pytest.raises(UserError, match=r"corpus-ends-classes\.csv lacks the column 'median'"):
        write_figures(spec, "digits-4", small, tmp_path / "figures")


def test_candidates_are_all_drawn_and_counted(results: Path) -> None:
    task = as_spec(SPEC).task("digits-4")
    path = results / "digits-4" / "forget-2-candidates.csv"
    with style():
        drawing = draw_candidates({"2": path}, task, "dihyfo-1", "validation images")
    rows = pd.read_csv(path).query("method == 'dihyfo-1'")
    expected = rows.groupby(["forget_accuracy", "retain_accuracy"]).size()
    *clouds, ring = drawing.figure.axes[0].lines
    drawn: dict[Hashable, float] = {}
    for cloud in clouds:
        for point in np.asarray(cloud.get_xydata()):
            drawn[tuple(point)] = cloud.get_markersize()
    assert set(drawn) == set(expected.index)
    # Areas are in proportion to counts.
    for point, count in expected.items():
        assert drawn[point] ** 2 == pytest.approx(2.4**2 * count)
    chosen = rows[rows["chosen"].astype(str).str.lower() == "true"].iloc[0]
    assert np.asarray(ring.get_xydata()).tolist() == [[chosen["forget_accuracy"], chosen["retain_accuracy"]]]


def test_edits_of_networks_that_the_choice_passes_over_look_otherwise(results: Path) -> None:
    """One of them may be better than the chosen one, which is taken among the edits of one trained network."""
    task = as_spec(SPEC).task("digits-4")
    path = results / "digits-4" / "forget-2-candidates.csv"
    with style():
        drawing = draw_candidates({"2": path}, task, "dihyfo-1-edit", "validation images")
    rows = pd.read_csv(path).query("method == 'dihyfo-1-edit'")
    start = rows.loc[rows["chosen"].astype(str).str.lower() == "true", "start"].iloc[0]
    *clouds, _ = drawing.figure.axes[0].lines
    drawn: dict[str, set[Hashable]] = {"o": set(), "s": set()}
    for cloud in clouds:
        drawn[str(cloud.get_marker())] |= set(map(tuple, np.asarray(cloud.get_xydata())))
    for marker, group in (("o", rows[rows["start"] == start]), ("s", rows[rows["start"] != start])):
        assert drawn[marker] == set(zip(group["forget_accuracy"], group["retain_accuracy"], strict=True))


def test_held_out_sets_are_marked_among_the_candidates(drawings: dict[str, str]) -> None:
    assert "kept out of collection" in texts(drawings["digits-4-nearest-candidates"])


def test_confusion_prints_every_count(drawings: dict[str, str], results: Path) -> None:
    labels = [label for label in texts(drawings["digits-4-nearest-confusion"]) if label.isdigit()]
    counts = []
    for forget in ("2", "2-3", "3"):
        rows = pd.read_csv(results / "digits-4" / f"forget-{forget}-confusion.csv")
        counts += [int(count) for count in rows[rows["method"] == "nearest"]["count"] if count]
    ticks = [label for label in "0123" for _ in range(2 * 2 * 3)]
    assert sorted(labels) == sorted([*map(str, counts), *ticks])


def test_confusion_leaves_out_counts_that_would_be_too_small_to_read(tmp_path: Path) -> None:
    path, labels = tmp_path / "confusion.csv", list(range(10))
    spec = as_spec({**SMALL, "tasks": {"all": {**TASKS["digits"], "forget": ["9"], "holdout": []}}})
    for count, readable in ((450, True), (4500, False)):
        rows = [ConfusionRow("bias", set_, 0, column, count) for set_ in ("retain", "test") for column in labels]
        write_rows(path, rows)
        with style():
            drawing = draw_confusion({"9": path}, spec.task("all"), "bias")
        sizes = [float(text.get_fontsize()) for axes in drawing.figure.axes for text in axes.texts]
        assert len(sizes) == (2 * len(labels) if readable else 0)
        assert all(size >= 6 for size in sizes)


def test_confusion_names_classes_by_their_labels(tmp_path: Path) -> None:
    path, labels = tmp_path / "confusion.csv", [9, 3, 5, 10]
    pairs = [
        (set_, retrained, predicted) for set_ in ("retain", "test") for retrained in labels for predicted in labels
    ]
    write_rows(path, [ConfusionRow("bias", set_, row, column, 20 * row + column) for set_, row, column in pairs])
    task = {**TASKS["digits-4"], "classes": list(map(str, labels)), "forget": ["9"], "holdout": []}
    with style():
        drawing = draw_confusion({"9": path}, as_spec({**SMALL, "tasks": {"odd": task}}).task("odd"), "bias")
    for axes in drawing.figure.axes:
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["9", "3", "5", "10"]
        assert [tick.get_text() for tick in axes.get_yticklabels()] == ["9", "3", "5", "10"]
        counts = {text.get_position(): text.get_text() for text in axes.texts}
        for y, row in enumerate(labels):
            for x, column in enumerate(labels):
                assert counts[x + 0.5, y + 0.5] == str(20 * row + column)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("dihyfo-1/history.csv", lambda text: None, r"history\.csv is missing"),
        (
            "dihyfo-1/alignment.csv",
            lambda text: text.replace("r_squared", "r2"),
            "lacks the column 'r_squared'",
        ),
        (
            "dihyfo-1/prompts.csv",
            lambda text: text.replace("pivot", "pivto"),
            "'pivto' is none of free, pivot",
        ),
        (
            "forget-2-candidates.csv",
            lambda text: text.replace("dihyfo-1", "gpt"),
            "no row with method 'dihyfo-1'",
        ),
        ("forget-2-confusion.csv", lambda text: text.replace(",3,", ",7,"), "'7' is none of 0, 1, 2, 3"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    small: Path, tmp_path: Path, name: str, change: Callable[[str], str | None], message: str
) -> None:
    path = small / "digits-4" / name
    text = change(path.read_text())
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(UserError, match=message):
        write_figures(as_spec(SMALL), "digits-4", small, tmp_path / "figures")


def test_values_far_below_the_axis_become_triangles(small: Path) -> None:
    path = small / "digits-4" / "dihyfo-1" / "alignment.csv"
    frame = pd.read_csv(path)
    frame.loc[0, "r_squared"] = -250.0
    frame.to_csv(path, index=False)
    with style():
        drawing = draw_alignment(path, as_spec(SMALL).task("digits-4"), "dihyfo-1", "loss")
    assert drawing.description.endswith("triangles on the lower edge: 1.")
    upper = drawing.figure.axes[:2]
    assert all(axes.get_ylim()[0] == -1 for axes in upper)
    assert [-1.0] in [np.asarray(line.get_ydata()).tolist() for axes in upper for line in axes.lines]
