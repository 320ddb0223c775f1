"""What is kept against what is hidden: of networks that hide all that they know, and by the functions of recovery."""

from statistics import median

import pytest
import torch

from hyperforget.config import PromptConfig
from hyperforget.metrics.evaluate import Subject
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.unlearning.candidates import Candidates, StoredCandidates, make_candidates
from hyperforget.unlearning.recovery import recovery_rows
from hyperforget.unlearning.request import Request, request_of
from hyperforget.unlearning.trade_off import by_quantile, sweep, trade_off_rows
from tests.unlearning.test_recovery import DATA, FORGET, LAYOUT, hidden, trained

REQUEST = request_of(DATA, "2", "validation")


@pytest.fixture(scope="module")
def original() -> Networks:
    return trained(torch.ones(4, dtype=torch.bool))


def test_candidates_go_to_the_quantile_of_their_prompt() -> None:
    prompts = PromptConfig(forget=[0.9, 0.1, 0.5], retain=[0.3, 0.4])
    prompt, start = torch.arange(6).repeat(2), torch.arange(2).repeat_interleave(6)
    networks = initialise(LAYOUT, 12, torch.Generator().manual_seed(0))
    candidates = make_candidates(networks, DATA.validation, prompt, start)
    found = by_quantile(candidates, prompts)
    assert list(found) == [0.9, 0.1, 0.5]
    for index, some in enumerate(found.values()):
        rows = [2 * index, 2 * index + 1, 2 * index + 6, 2 * index + 7]
        assert isinstance(some, Candidates)
        assert torch.equal(some.networks.params, networks.params[rows])
        assert torch.equal(some.losses, candidates.losses[rows])
        assert some.start.tolist() == [0, 0, 1, 1]


def test_a_lowered_bias_hides_all_that_was_known_and_keeps_the_rest(original: Networks) -> None:
    before, after = trade_off_rows("2", REQUEST, {0.1: original, 0.9: hidden(original)})
    assert (before.forget, after.forget) == ("2", "2")
    assert (before.quantile, after.quantile) == (0.1, 0.9)
    assert before.forget_accuracy > 0.8
    assert after.forget_accuracy == 0
    assert after.shift == pytest.approx(before.shift, abs=0.02)
    assert after.auc == pytest.approx(before.auc, abs=1e-3)
    assert after.retain_accuracy >= before.retain_accuracy


def test_a_sweep_asks_for_each_forget_set_in_turn(original: Networks) -> None:
    requests = {forget: request_of(DATA, forget, "validation") for forget in ("2", "0-1")}
    asked: list[tuple[str, Request]] = []

    def offers(forget: str, request: Request) -> dict[float, Networks]:
        asked.append((forget, request))
        return {0.9: original, 0.1: hidden(original)}

    rows = sweep(requests, offers)
    assert asked == list(requests.items())
    alone = [trade_off_rows(forget, request, offers(forget, request)) for forget, request in requests.items()]
    assert rows == [row for each in alone for row in each]
    assert [row.forget for row in rows] == ["2", "2", "0-1", "0-1"]


def test_rows_are_medians_by_the_functions_of_accuracy_and_recovery(original: Networks) -> None:
    networks = hidden(original)[:3]
    (row,) = trade_off_rows("2", REQUEST, {0.5: networks})
    assert row.networks == 3
    outcomes = measure(networks, DATA.test)
    kept = outcomes.correct[:, ~FORGET].sum(dim=1) / outcomes.sizes[~FORGET].sum()
    assert row.retain_accuracy == pytest.approx(median(kept.tolist()), abs=1e-6)
    stored = StoredCandidates(make_candidates(networks, DATA.validation), 0, [0, 1, 2])
    rows = recovery_rows(stored, DATA, FORGET, Subject("toy", "bias", "2"), 16)
    values = {each.metric: each.value for each in rows if each.selection == "population"}
    assert row.shift == values["shift"]
    assert row.auc == pytest.approx(values["auc"], abs=1e-6)
