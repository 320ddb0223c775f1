"""The trade-off between keeping and hiding: how well networks tell the classes that they retain, and how much comes
back of those that they were to forget, as the prompt asks for more or less of these.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch

from hyperforget.config import PromptConfig
from hyperforget.data.splits import need_classes
from hyperforget.metrics.classes import accuracy_on, correct_counts
from hyperforget.metrics.summaries import summarise
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.progress import progress
from hyperforget.records.trade_off import TradeOffRow
from hyperforget.unlearning.candidates import Candidates
from hyperforget.unlearning.hiding import fitted_images, hidden_in_logits, images_generator
from hyperforget.unlearning.request import Request

# What is offered for a forget set and its request: networks by the ``forget`` quantile of their prompts.
Offers = Callable[[str, Request], Mapping[float, Networks]]


def sweep(requests: Mapping[str, Request], offers: Offers) -> list[TradeOffRow]:
    """The rows of all ``requests``, which are asked one after another and named by their forget sets.

    Raises `UserError` for requests to forget groups, of which nothing can be brought back.
    """
    rows: list[TradeOffRow] = []
    for forget, request in progress(requests.items(), len(requests), "sweeping", "forget set"):
        need_classes(request.data, "a trade-off between keeping and hiding")
        rows += trade_off_rows(forget, request, offers(forget, request))
    return rows


def by_quantile(candidates: Candidates, prompts: PromptConfig) -> dict[float, Candidates]:
    """What is offered at each ``forget`` quantile of the prompts, by all of its ``retain`` quantiles.

    Prompts are numbered as by `hyperforget.unlearning.prompts.prompt_grid`.
    """
    of = candidates.prompt // len(prompts.retain)
    return {
        quantile: Candidates(**{name: values[of == index] for name, values in vars(candidates).items()})
        for index, quantile in enumerate(prompts.forget)
    }


def trade_off_rows(forget: str, request: Request, offered: Mapping[float, Networks]) -> list[TradeOffRow]:
    """One row for the networks of each quantile that are ``offered`` to forget a set of classes."""
    # So few networks are measured where they lie.
    here = replace(request, data=request.data.to(torch.device("cpu")))
    return [_row(forget, quantile, networks, here) for quantile, networks in offered.items()]


def _row(name: str, quantile: float, networks: Networks, request: Request) -> TradeOffRow:
    data, forget, test = request.data, request.forget, request.data.test
    fitted = fitted_images(data, images_generator())
    logits, fitted_logits = (forward(networks, images) for images in (test.images, data.train.images[fitted]))
    counts, sizes = correct_counts(logits, test.labels, test.classes), test.class_sizes
    found = hidden_in_logits(logits, fitted_logits, data, fitted, forget)
    measured = (accuracy_on(counts, sizes, forget), accuracy_on(counts, sizes, ~forget), found["shift"], found["auc"])
    forgotten, retained, shift, auc = (summarise(values)[0] for values in measured)
    return TradeOffRow(name, quantile, forgotten, retained, shift, auc, len(networks))
