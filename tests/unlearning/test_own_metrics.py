"""Rows of the user's own metrics."""

import pytest
import torch
from torch import Tensor

from hyperforget.data.splits import TaskData
from hyperforget.metrics.evaluate import Subject
from hyperforget.metrics.own_metrics import Answers
from hyperforget.networks.forward import forward
from hyperforget.runtime.own_code import OwnCode
from hyperforget.unlearning.candidates import Candidates, StoredCandidates
from hyperforget.unlearning.judging import gold_standard_of
from hyperforget.unlearning.own_metrics import OwnMetric, own_metric_rows

FORGET = torch.tensor([False, True, False])


def confidence(answers: Answers) -> Tensor:
    assert answers.retrained.shape == (6, len(answers.labels), 3)
    assert answers.units.shape[:2] == answers.logits.shape[:2]
    return answers.logits.softmax(-1).amax(-1).mean(-1)


def test_every_set_has_the_chosen_network_and_the_population(data: TaskData, batch: Candidates) -> None:
    stored = StoredCandidates(batch, 4, [1, 4, 5])
    everyone = StoredCandidates(batch, 0, list(range(6)))
    standard = gold_standard_of(everyone, data, FORGET)
    metric = OwnMetric("sure", ("forget", "test"), OwnCode("mine", confidence, {}))
    rows = own_metric_rows(stored, data, standard, Subject("toy", "bias", "5"), [metric])
    found = {(row.selection, row.set): row for row in rows}
    assert set(found) == {(selection, set_) for selection in ("chosen", "population") for set_ in metric.sets}
    expected = forward(batch.networks, data.test.images).softmax(-1).amax(-1)
    of_forgotten = expected[:, data.test.labels == 1].mean(-1)
    assert found["chosen", "forget"].value == pytest.approx(float(of_forgotten[4]))
    assert found["population", "forget"].value == pytest.approx(float(of_forgotten[[1, 4, 5]].median()))
    assert found["population", "test"].value == pytest.approx(float(expected.mean(-1)[[1, 4, 5]].median()))
    assert {(row.task, row.method, row.forget, row.metric) for row in rows} == {("toy", "bias", "5", "sure")}
    assert (found["chosen", "test"].n, found["population", "test"].n) == (1, 3)


def test_without_metrics_nothing_is_measured(data: TaskData, batch: Candidates) -> None:
    everyone = StoredCandidates(batch, 0, list(range(6)))
    standard = gold_standard_of(everyone, data, FORGET)
    assert own_metric_rows(everyone, data, standard, Subject("toy", "bias", "5"), []) == []
