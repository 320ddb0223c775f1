"""The report in plain words."""

import math
from pathlib import Path

import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.records.corpora import ForgetSummary
from hyperforget.records.files import columns_of
from hyperforget.records.methods import MetricRow
from hyperforget.report.findings import corpus_warnings, summarise
from hyperforget.report.recognised import Recognised
from hyperforget.report.results import Metrics
from hyperforget.report.verdicts import Outcome, judge
from tests.report.synthetic_results import SPEC, as_spec, task_of

TASK = {**SPEC["tasks"]["digits-4"], "forget": ["2"], "holdout": ["3"]}


def make_metrics(folder: Path, values: dict[tuple[str, str], tuple[float, float, float]]) -> Metrics:
    """``values``: (method, forget) to accuracy on forgotten and retained classes and distance."""
    lines = [",".join(columns_of(MetricRow))]
    for (method, forget), (forgotten, retained, distance) in values.items():
        for selection, n in (("chosen", 1), ("population", 32), ("chosen-to-all", 32)):
            for set_, metric, value in (
                ("forget", "accuracy", forgotten),
                ("retain", "accuracy", retained),
                ("test", "activation_distance", distance),
            ):
                lines.append(f"digits-4,{method},{forget},{selection},{set_},{metric},{value},,,{n},,")
    path = folder / "metrics.csv"
    path.write_text("\n".join(lines))
    return Metrics(path)


@pytest.mark.parametrize(
    ("own", "rival", "accuracy", "closeness"),
    [
        (Outcome(Recognised(0.0), 0.90, 0.2), Outcome(Recognised(0.3), 0.99, 0.2), "better", "level"),
        (Outcome(Recognised(0.3), 0.99, 0.2), Outcome(Recognised(0.0), 0.90, 0.4), "worse", "better"),
        (Outcome(Recognised(0.0), 0.95, 0.2), Outcome(Recognised(0.01), 0.94, 0.1), "level", "worse"),
        (Outcome(Recognised(0.0), 0.95, 0.2), Outcome(Recognised(0.0), 0.93, 0.21), "better", "level"),
        (Outcome(Recognised(0.0), 0.93, 0.2), Outcome(Recognised(0.0), 0.95, 0.0), "worse", "worse"),
        (Outcome(Recognised(0.0), 0.95, 0.0), Outcome(Recognised(0.0), 0.93, 0.2), "better", "better"),
        (Outcome(Recognised(0.0), 0.95, 0.0), Outcome(Recognised(0.0), 0.93, 0.0), "better", "level"),
        (Outcome(Recognised(0.0, 90), 0.95, 0.2), Outcome(Recognised(1 / 90, 90), 0.96, 0.2), "level", "level"),
        (Outcome(Recognised(0.0, 90), 0.95, 0.2), Outcome(Recognised(2 / 90, 90), 0.96, 0.2), "level", "level"),
        (Outcome(Recognised(0.0, 90), 0.95, 0.2), Outcome(Recognised(9 / 90, 90), 0.96, 0.2), "better", "level"),
        (Outcome(Recognised(0.0), 0.95, math.nan), Outcome(Recognised(0.0), 0.93, 0.0), "better", "level"),
    ],
)
def test_verdicts(own: Outcome, rival: Outcome, accuracy: str, closeness: str) -> None:
    verdict = judge(own, rival)
    assert (verdict.accuracy, verdict.closeness) == (accuracy, closeness)


@pytest.mark.parametrize(
    ("errors", "gain", "accuracy"),
    [((0.03, 0.04), 0.049, "level"), ((0.03, 0.04), 0.051, "better"), ((0.001, 0.001), 0.005, "better")],
)
def test_accuracies_are_level_within_the_interval_of_their_difference(
    errors: tuple[float, float], gain: float, accuracy: str
) -> None:
    own, rival = (
        Outcome(Recognised(0.0), value, 0.2, error) for value, error in zip((0.9 + gain, 0.9), errors, strict=True)
    )
    verdict = judge(own, rival)
    assert verdict.accuracy == accuracy
    assert verdict.accuracy_reason == f"retained classes +{gain:.4f} ± {math.hypot(*errors):.4f}"


def test_a_verdict_is_mirrored_when_the_two_change_places() -> None:
    first, second = Outcome(Recognised(0.0), 0.96, 0.15), Outcome(Recognised(0.0), 0.91, 0.30)
    opposite = {"better": "worse", "worse": "better", "level": "level"}
    there, back = judge(first, second), judge(second, first)
    assert (there.accuracy, there.closeness) == (opposite[back.accuracy], opposite[back.closeness])
    assert there.wins
    assert not back.wins


def test_the_summary_says_who_forgot_what_was_kept_and_who_won(tmp_path: Path) -> None:
    metrics = make_metrics(
        tmp_path,
        {
            ("retrained", "2"): (0.0, 0.97, 0.16),
            ("retrained", "3"): (0.0, 0.98, 0.16),
            ("dihyfo-1", "2"): (0.0, 0.96, 0.20),
            ("dihyfo-1", "3"): (0.0, 0.95, 0.18),
            ("nearest", "2"): (0.0, 0.96, 0.20),
            ("nearest", "3"): (0.31, 0.97, 0.30),
        },
    )
    spec = as_spec(
        {
            **SPEC,
            "tasks": {"digits-4": TASK},
            "methods": ["dihyfo-1", "retrained", "nearest"],
        }
    )
    found = {finding.about: finding.text for finding in summarise(spec, task_of(spec, "digits-4"), metrics)}
    assert "DiHyFo-1 and Retrained forgot every set" in found["Forgetting"]
    assert "Nearest checkpoint still recognises 1 of 2 sets ({3} (kept out), 0.3100)" in found["Forgetting"]
    assert "DiHyFo-1 −0.0300 ({3} (kept out))" in found["Keeping"]
    # A chosen network is compared with a chosen one or not at all.
    assert "chosen" not in found["Keeping"]
    assert found["Worth its training"].endswith("DiHyFo-1 on {3} (kept out).")
    assert found["DiHyFo-1 against nearest checkpoint"] == (
        "accuracy better on {3} (kept out), level on {2}; closeness better on {3} (kept out), level on {2}."
    )


def test_chosen_networks_are_compared_with_the_chosen_retrained_one(tmp_path: Path) -> None:
    values = {
        (method, forget): (0.0, accuracy, 0.2)
        for method, accuracy in (("retrained", 0.97), ("dihyfo-1", 0.96), ("bias", 0.95))
        for forget in ("2", "3")
    }
    path = make_metrics(tmp_path, values).path
    with path.open("a") as file:
        file.writelines(f"\ndigits-4,retrained,{forget},selected,retain,accuracy,0.985,,,1,," for forget in "23")
    spec = as_spec({**SPEC, "tasks": {"digits-4": TASK}, "methods": ["dihyfo-1", "retrained", "bias"]})
    found = {finding.about: finding.text for finding in summarise(spec, task_of(spec, "digits-4"), Metrics(path))}
    medians, chosen = found["Keeping"].split("; ")
    assert "DiHyFo-1 −0.0100 ({2}), Lowered biases −0.0200 ({2})" in medians
    # Of lowered biases nothing is chosen.
    assert chosen == ("chosen network minus the retrained network that the same rule chooses: DiHyFo-1 −0.0250 ({2}).")


def test_the_summary_says_how_many_networks_are_usable(results: Path, spec: FullSpec) -> None:
    metrics = Metrics(results / "metrics.csv")
    task = task_of(spec, "digits-4")
    found = {finding.about: finding.text for finding in summarise(spec, task, metrics)}
    shares = {
        forget: metrics.need("digits-4", "dihyfo-2", forget, "population", "usable_share", "choice").value
        for forget in task.forget_sets
    }
    worst = min(shares, key=lambda forget: shares[forget])
    name = "{" + worst.replace("-", ",") + "}" + (" (kept out)" if worst in task.holdout else "")
    expected = f"DiHyFo-2 {shares[worst]:.2f} to {max(shares.values()):.2f} (least on {name})"
    assert expected in found["Usable without choosing"]
    assert "Nearest" not in found["Usable without choosing"]


def test_a_usable_share_that_is_the_same_everywhere_is_said_once(tmp_path: Path) -> None:
    values = {("dihyfo-2", forget): (0.0, 0.9, 0.2) for forget in ("2", "3")}
    path = make_metrics(tmp_path, values).path
    with path.open("a") as file:
        file.writelines(f"\ndigits-4,dihyfo-2,{forget},population,choice,usable_share,1.0,,,16,," for forget in "23")
    spec = as_spec({**SPEC, "tasks": {"digits-4": TASK}, "methods": ["dihyfo-2"]})
    found = {finding.about: finding.text for finding in summarise(spec, task_of(spec, "digits-4"), Metrics(path))}
    assert found["Usable without choosing"].endswith(": DiHyFo-2 1.00 on every set.")


def test_when_all_forgot_the_summary_says_so(tmp_path: Path) -> None:
    values = {(method, forget): (0.0, 0.9, 0.2) for method in ("dihyfo-2", "bias") for forget in ("2", "3")}
    spec = as_spec({**SPEC, "tasks": {"digits-4": TASK}, "methods": ["dihyfo-2", "bias"]})
    found = summarise(spec, task_of(spec, "digits-4"), make_metrics(tmp_path, values))
    assert found[0].text.startswith("every method forgot every set")
    assert [finding.about for finding in found] == [
        "Forgetting",
        "Worth its training",
        "DiHyFo-2 against lowered biases",
    ]
    assert found[1].text.endswith("DiHyFo-2 on no set.")


def test_corpus_warnings() -> None:
    task = task_of(as_spec(SPEC), "digits-4")
    main, ends = task.corpora
    assert (
        corpus_warnings(task, main, [ForgetSummary("2", False, 900, 640, 0, 640), ForgetSummary("3", True, 0, 0, 0, 0)])
        == []
    )
    assert corpus_warnings(task, main, [ForgetSummary("1-2", False, 4, 0, 0, 0)]) == []
    kept = [ForgetSummary("2-3", False, 900, 0, 0, 0), ForgetSummary("3", True, 12, 1, 0, 0)]
    none_forgotten, collected = corpus_warnings(task, ends, kept)
    assert "No checkpoint of a run that deleted exactly {2,3} on digits-4 (corpus ends)" in none_forgotten
    assert "{3} counts as kept out of collection, yet the corpus of digits-4 (corpus ends)" in collected


def test_the_summary_says_what_editing_does_to_strangers(tmp_path: Path) -> None:
    metrics = make_metrics(
        tmp_path,
        {
            ("retrained", "2"): (0.0, 0.97, 0.16),
            ("retrained", "3"): (0.0, 0.98, 0.16),
            ("dihyfo-1-edit-strangers", "2"): (0.01, 0.96, 0.2),
            ("dihyfo-1-edit-strangers", "3"): (0.2, 0.95, 0.2),
            ("bias-strangers", "2"): (0.0, 0.95, 0.2),
            ("bias-strangers", "3"): (0.0, 0.97, 0.2),
        },
    )
    methods = ["dihyfo-1-edit-strangers", "bias-strangers"]
    task = {**TASK, "stranger_methods": methods, "stranger_training": "Adam"}
    spec = as_spec({**SPEC, "tasks": {"digits-4": task}, "methods": ["retrained"]})
    [finding] = [each for each in summarise(spec, task_of(spec, "digits-4"), metrics) if each.about == "Strangers"]
    assert finding.text == (
        "median of networks trained otherwise than the corpus: DiHyFo-1 (editing) forgets 1 of 2 sets and "
        "has an accuracy on the retained classes of −0.0200 against lowered biases on its worst set ({3} "
        "(kept out))."
    )
    without = as_spec({**SPEC, "tasks": {"digits-4": TASK}, "methods": ["retrained"]})
    assert "Strangers" not in [each.about for each in summarise(without, task_of(without, "digits-4"), metrics)]
