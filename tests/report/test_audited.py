"""What is said of an audit by its intervals, and the claims made of it, where the truth is known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hyperforget.config.methods import ORIGINAL, RETRAINED
from hyperforget.config.report_specs import FullSpec
from hyperforget.errors import UserError
from hyperforget.metrics.audit_registry import AUDIT
from hyperforget.metrics.registry import METRICS
from hyperforget.records.audits import ComparisonRow, CriterionRow, JudgedRow
from hyperforget.report.audit_claims import Claim, audit_claims
from hyperforget.report.audited import Audit, kind_of, read_audit, side_of, state_of, title_of, trust_of
from tests.report.synthetic_audit import AUDITED, CRITERIA, write_audit
from tests.report.synthetic_results import METHODS, SPEC, TASKS, as_spec, task_of

TASK = "digits-4"
VALUES: dict[str, Any] = {**SPEC, "audit": AUDITED}


@pytest.fixture(scope="module")
def spec() -> FullSpec:
    return as_spec(VALUES)


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    folder = tmp_path_factory.mktemp("audit")
    write_audit(folder, {TASK: TASKS[TASK]}, METHODS)
    return read_audit(folder, TASK, task_of(as_spec(VALUES), TASK).forget_sets)


def states(audit: Audit, method: str) -> dict[tuple[str, str], str]:
    found = {(forget, by): state for forget, by, state in audit.states(method)}
    assert len(found) == len(CRITERIA) * 3
    return {by: state for (_, by), state in found.items()}


def test_retrained_networks_are_level_with_retrained_networks_by_every_criterion(audit: Audit) -> None:
    assert set(states(audit, RETRAINED).values()) == {"level"}
    assert set(states(audit, "dihyfo-1").values()) == {"level"}


def test_originals_have_forgotten_by_no_criterion_of_forgetting(audit: Audit) -> None:
    found = states(audit, ORIGINAL)
    assert {by for by, state in found.items() if state != "apart"} == {("accuracy", "retain")}


def test_lowered_biases_are_caught_by_what_looks_behind_answers_alone(audit: Audit) -> None:
    caught = {by for by, state in states(audit, "bias").items() if state == "apart"}
    assert caught == {by for by, (_, _, passes) in CRITERIA.items() if not passes}


def test_told_apart_but_as_single_networks_is_between(audit: Audit) -> None:
    found = states(audit, "dihyfo-1-edit")
    # Populations have no single networks.
    assert (found["shift", "forget"], found["klom", "forget"]) == ("within", "apart")


ROW = CriterionRow(TASK, "2", "shift", "forget", "x", 0.3, 0.25, 0.35, 0.2, 0.15, 0.25, 0.2, 0.4, 16)
FLOOR = replace(ROW, method=RETRAINED, value=0.1, spread_low=0.05, spread_high=0.15)


@pytest.mark.parametrize(
    ("metric", "low", "high", "state"),
    [
        ("shift", -0.1, 0.2, "level"),
        ("shift", 0.0, 0.2, "level"),
        ("shift", 0.1, 0.2, "apart"),
        ("shift", -0.2, -0.1, "apart"),
        ("klom", -0.2, -0.1, "level"),
        ("klom", 0.1, 0.2, "apart"),
        ("tow", 0.1, 0.2, "level"),
        ("tow", -0.2, -0.1, "apart"),
    ],
)
def test_better_than_retrained_is_level_only_where_good_values_lie_on_one_side(
    metric: str, low: float, high: float, state: str
) -> None:
    row = replace(ROW, metric=metric, difference_low=low, difference_high=high)
    assert state_of(row, replace(FLOOR, metric=metric)) == state


@pytest.mark.parametrize(("low", "high", "side"), [(0.1, 0.2, "better"), (-0.2, -0.1, "worse"), (-0.1, 0.1, "level")])
def test_sides_are_told_by_the_whole_interval(low: float, high: float, side: str) -> None:
    assert side_of(ComparisonRow(TASK, "2", "shift", "forget", "x", "bias", 0.0, low, high)) == side


def test_the_best_is_named_only_where_its_interval_is_apart() -> None:
    def of(**differences: float) -> Audit:
        rows = [
            replace(ROW, method=method, difference=at, difference_low=at - 0.04, difference_high=at + 0.04)
            for method, at in differences.items()
        ]
        return Audit(TASK, ("2",), (FLOOR, *rows), (), ())

    criterion = ("shift", "forget")
    assert of(a=0.1, b=0.3).best("2", criterion) == "a"
    assert of(a=0.1, b=0.15).best("2", criterion) is None
    # As far below retrained networks as above.
    assert of(a=-0.1, b=0.1).best("2", criterion) is None
    assert of(a=0.1).best("2", criterion) is None
    assert of(original=0.0, a=0.2, b=0.5).best("2", criterion) == "a"


def test_criteria_are_trusted_that_tell_both_kinds(audit: Audit) -> None:
    told = {by: audit.trust["2", by] for by in audit.criteria}
    assert {by for by, said in told.items() if said == "trust"} == {
        by for by, (_, _, passes) in CRITERIA.items() if not passes
    }
    assert (told["tow", "test"], told["accuracy", "retain"]) == ("sees answers", "tells nothing")
    unknown = JudgedRow(TASK, "2", "tow", "test", 1.0, 1.0, 1.0, None, None, None)
    assert trust_of(unknown) == "not judged"


def test_criteria_are_grouped_and_named(audit: Audit) -> None:
    assert [kind_of(by) for by in audit.criteria] == sorted(
        map(kind_of, audit.criteria),
        key=["kept", "answers", "knowledge", "relearning", "attacks", "likeness"].index,
    )
    assert title_of(("accuracy", "retain")) == "Accuracy on D_r"
    assert title_of(("idi", "forget")) == "Information difference index (IDI)"


def test_no_two_criteria_have_one_name() -> None:
    names = [title_of((metric.name, set_)) for metric in (*METRICS.values(), *AUDIT.values()) for set_ in metric.sets]
    assert len(set(names)) == len(names)
    assert title_of(("relearn_time", "train")) == "Relearn time on all, training"
    assert title_of(("probe_layers", "layer-1")) == "Linear probe by layer, layer-1"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"audit-2-criteria\.csv is missing"):
        read_audit(tmp_path, TASK, ["2"])


def claims(spec: FullSpec, audit: Audit, *again: Audit) -> dict[str, Claim]:
    return {
        f"{claim.method} {claim.about}".strip(): claim
        for claim in audit_claims(spec, task_of(spec, TASK), audit, again)
    }


def test_claims_follow_from_the_numbers(spec: FullSpec, audit: Audit) -> None:
    found = claims(spec, audit)
    assert found["Every criterion tells originals"].holds
    assert "21 of 21 cells" in found["Every criterion tells originals"].text
    assert found["Hiding is told"].holds
    assert "on 3 of 3 forget sets" in found["Hiding is told"].text
    assert found["Which criteria to trust"].text.startswith("5 of 8 criteria")
    assert found["DiHyFo-1 Forgets as retraining does"].holds
    assert "in 15 of 15 cells" in found["DiHyFo-1 Forgets as retraining does"].text
    assert not found["DiHyFo-2 Forgets as retraining does"].holds
    assert found["DiHyFo-1 Nearer to retraining than every rival"].holds
    assert found["DiHyFo-1 Nearer to retraining than what needs no training"].holds
    assert found["DiHyFo-1 Keeps what retraining keeps"].holds
    assert "on 3 of 3 forget sets, and below but within single ones on 0" in (
        found["DiHyFo-1 Keeps what retraining keeps"].text
    )
    assert "<var>D</var><sub>f</sub>" in found["Which criteria to trust"].html


def test_what_single_retrained_networks_have_holds_nearly(spec: FullSpec, audit: Audit) -> None:
    kept = ("accuracy", "retain")

    def keeping(low: float, high: float, value: float) -> Claim:
        rows = tuple(
            replace(row, value=value, difference_low=low, difference_high=high, difference=(low + high) / 2)
            if (row.criterion, row.method) == (kept, "dihyfo-1")
            else replace(row, spread_low=0.9, spread_high=1.0)
            for row in audit.criterion_rows
        )
        return claims(spec, replace(audit, criterion_rows=rows))["DiHyFo-1 Keeps what retraining keeps"]

    assert keeping(-0.01, 0.01, 0.95).holds is True
    assert keeping(0.01, 0.02, 0.99).holds is True
    assert keeping(-0.02, -0.01, 0.93).holds == "nearly"
    assert keeping(-0.2, -0.1, 0.8).holds is False


def test_what_rivals_do_better_is_said(spec: FullSpec, audit: Audit) -> None:
    worse = replace(audit, comparisons=tuple(replace(row, gain=-1, low=-2, high=-0.5) for row in audit.comparisons))
    found = claims(spec, worse)
    beats = found["DiHyFo-1 Nearer to retraining than every rival"]
    assert not beats.holds
    assert "Nearest checkpoint (15 against 0) and Lowered biases (15 against 0)" in beats.text
    assert not found["DiHyFo-1 Nearer to retraining than what needs no training"].holds


def test_originals_that_pass_for_retrained_are_told_of(spec: FullSpec, audit: Audit) -> None:
    passing = tuple(
        replace(row, difference=0, difference_low=-1, difference_high=1)
        if (row.method, row.metric) == (ORIGINAL, "idi")
        else row
        for row in audit.criterion_rows
    )
    found = claims(spec, replace(audit, criterion_rows=passing))["Every criterion tells originals"]
    assert not found.holds
    assert "18 of 21 cells; not by Information difference index (IDI)" in found.text


def test_seeds_tell_what_turns_round(spec: FullSpec, audit: Audit) -> None:
    turned = replace(audit, comparisons=tuple(replace(row, low=-row.high, high=-row.low) for row in audit.comparisons))
    same = claims(spec, audit, audit)["DiHyFo-1 Does not hang on the seed"].text
    assert same.startswith("48 of 48 comparisons with rivals come out the same")
    other = claims(spec, audit, turned)["DiHyFo-1 Does not hang on the seed"].text
    assert "and 0 turn round" in same
    assert "and 0 turn round" not in other
