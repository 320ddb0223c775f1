"""The trade-off between keeping and hiding: how well networks tell the classes that they retain, and how much comes
back of those that they were to forget, as the prompt asks for more or less of these.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from hyperforget.config import PromptConfig
from hyperforget.data.splits import TaskData
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.metrics.summaries import summarise
from hyperforget.networks.batch import Networks
from hyperforget.networks.perceptron import forward
from hyperforget.records.trade_off import TradeOffRow
from hyperforget.unlearning.candidates import Candidates
from hyperforget.unlearning.hiding import fitted_images, hidden_in_logits, images_generator


def by_quantile(candidates: Candidates, prompts: PromptConfig) -> dict[float, Candidates]:
    """What is offered at each ``forget`` quantile of the prompts, by all of its ``retain`` quantiles.

    Prompts are numbered as by `hyperforget.unlearning.prompts.prompt_grid`.
    """
    of = candidates.prompt // len(prompts.retain)
    return {
        quantile: Candidates(**{name: values[of == index] for name, values in vars(candidates).items()})
        for index, quantile in enumerate(prompts.forget)
    }


def trade_off_rows(offered: Mapping[float, Networks], data: TaskData, forget: Tensor) -> list[TradeOffRow]:
    """One row for the networks of each quantile, with the classes ``forget`` bool (C,) to be forgotten."""
    # So few networks are measured where they lie.
    on_cpu = data.to(torch.device("cpu"))
    return [_row(quantile, networks, on_cpu, forget) for quantile, networks in offered.items()]


def _row(quantile: float, networks: Networks, data: TaskData, forget: Tensor) -> TradeOffRow:
    test, fitted = data.test, fitted_images(data, images_generator())
    logits, fitted_logits = (forward(networks, images) for images in (test.images, data.train.images[fitted]))
    counts, sizes = correct_counts(logits, test.labels, test.classes), test.class_sizes
    found = hidden_in_logits(logits, fitted_logits, data, fitted, forget)
    measured = (accuracy_on(counts, sizes, forget), accuracy_on(counts, sizes, ~forget), found["shift"], found["auc"])
    forgotten, retained, shift, auc = (summarise(values)[0] for values in measured)
    return TradeOffRow(quantile, forgotten, retained, shift, auc, len(networks))
