"""How methods stand by criteria, on networks of which it is known what they know."""

import pytest

from hyperforget.config.methods import ORIGINAL, RETRAINED
from hyperforget.metrics.evaluate import Subject
from hyperforget.records.audits import ComparisonRow, CriterionRow, JudgedRow
from hyperforget.unlearning.audit_criteria import (
    Measured,
    comparison_rows,
    core_values,
    criterion_rows,
    judged_rows,
)
from hyperforget.unlearning.audited import Audited
from hyperforget.unlearning.auditing import network_values, population_rows
from tests.unlearning.test_auditing import DATA, FORGET, biased, references, trained

pytestmark = pytest.mark.pipeline

METRICS = ("zrf", "idi", "klom", "two_sample")
KNOWN = ("idi", "forget")


@pytest.fixture(scope="module")
def measured() -> dict[str, Measured]:
    known = references()
    networks = {
        RETRAINED: known.retrained,
        ORIGINAL: known.originals,
        "bias": Audited(biased(known.originals.networks), DATA, FORGET),
        # Forgetting as perfect as any: retrained again, with other seeds.
        "dihyfo-1": Audited(trained(~FORGET, 11), DATA, FORGET),
        "dihyfo-1-edit-strangers": known.originals,
    }
    found = {}
    for method, audited in networks.items():
        subject = Subject("toy", method, "2")
        values = core_values(subject, audited, known) | network_values(subject, audited, known, METRICS)
        found[method] = Measured(audited, values, tuple(population_rows(subject, audited, known, METRICS)))
    return found


@pytest.fixture(scope="module")
def criteria(measured: dict[str, Measured]) -> dict[tuple[str, tuple[str, str]], CriterionRow]:
    return {(row.method, row.criterion): row for row in criterion_rows("toy", "2", measured)}


def test_every_method_has_every_criterion_with_an_interval_around_it(
    criteria: dict[tuple[str, tuple[str, str]], CriterionRow], measured: dict[str, Measured]
) -> None:
    names = {criterion for _, criterion in criteria}
    assert {"shift", "idi", "klom", "two_sample", "relearn_10", "accuracy"} <= {part for name in names for part in name}
    assert len(criteria) == len(names) * len(measured)
    for row in criteria.values():
        assert row.low - 1e-9 <= row.value <= row.high + 1e-9
        assert row.difference_low <= row.difference_high


def test_retrained_networks_differ_from_themselves_by_nothing(
    criteria: dict[tuple[str, tuple[str, str]], CriterionRow],
) -> None:
    own = [row for (method, _), row in criteria.items() if method == RETRAINED]
    assert all((row.difference, row.difference_low, row.difference_high) == (0, 0, 0) for row in own)


def test_who_knows_is_told_and_who_was_retrained_again_is_not(
    criteria: dict[tuple[str, tuple[str, str]], CriterionRow],
) -> None:
    assert criteria[ORIGINAL, KNOWN].difference_low > 0.3
    assert criteria["bias", KNOWN].difference_low > 0.3
    hidden = criteria["bias", ("accuracy", "forget")]
    assert hidden.difference_low <= 0 <= hidden.difference_high
    again = criteria["dihyfo-1", KNOWN]
    assert again.difference_low <= 0 <= again.difference_high


def test_a_method_that_forgot_is_nearer_than_one_that_hides(measured: dict[str, Measured]) -> None:
    rows = list(comparison_rows("toy", "2", measured))
    by_criterion: dict[tuple[str, str], ComparisonRow] = {row.criterion: row for row in rows}
    assert {(row.method, row.rival) for row in rows} == {("dihyfo-1", "bias")}
    assert by_criterion[KNOWN].gain > 0
    assert by_criterion["klom", "forget"].low > 0
    answered = by_criterion["accuracy", "forget"]
    assert answered.low <= 0 <= answered.high
    for row in rows:
        assert row.low - 1e-9 <= row.gain <= row.high + 1e-9 or row.metric in ("klom", "two_sample")


def test_criteria_are_judged_by_who_knows(measured: dict[str, Measured]) -> None:
    found: dict[tuple[str, str], JudgedRow] = {row.criterion: row for row in judged_rows("toy", "2", measured, METRICS)}
    assert (found[KNOWN].originals, found[KNOWN].hidden) == (1, 1)
    answered = found["accuracy", "forget"]
    assert answered.originals == 1
    assert answered.hidden is not None
    assert answered.hidden < 0.8
    # Of four retrained networks of the half there is one population.
    assert found["klom", "forget"].originals == 1
    without = {method: each for method, each in measured.items() if method != "bias"}
    assert {row.hidden for row in judged_rows("toy", "2", without, METRICS)} == {None}
