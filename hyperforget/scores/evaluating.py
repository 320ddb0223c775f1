"""``hyperforget.evaluate``: what the networks of a method know and keep, as the tables of the report say it."""

from collections.abc import Iterable, Sequence
from operator import index
from pathlib import Path

import pandas as pd
import torch

from hyperforget.config.methods import RETRAINED
from hyperforget.config.sections import EvaluationConfig, SelectionConfig
from hyperforget.config.specs import EvaluationSpec
from hyperforget.data.splits import TaskData
from hyperforget.errors import UserError, shown
from hyperforget.forget_set import ForgetSet, format_classes, parse_forget_set
from hyperforget.networks.batch import Networks
from hyperforget.scores.from_results import load_retrained, load_task, task_folder
from hyperforget.scores.given_data import UNKNOWN_PIXELS, data_of, in_one_order
from hyperforget.scores.given_networks import OneNetwork, layout_told_by, networks_of
from hyperforget.scores.table import scores_table
from hyperforget.scores.verdicts import verdict_on
from hyperforget.unlearning.candidates import StoredCandidates, make_candidates
from hyperforget.unlearning.judging import Bench, judge
from hyperforget.unlearning.request import Request

# How rows call the networks that are judged.
_GIVEN = "given"
# Of the retrained networks' accuracy on retained images: who has less reads them wrongly, more often than not.
_SUSPICIOUS = 0.5


def evaluate(
    networks: OneNetwork | Sequence[OneNetwork],
    classes: Iterable[int] | str,
    data: object,
    retrained: OneNetwork | Sequence[OneNetwork] | None = None,
    store: str | Path | None = None,
) -> pd.DataFrame:
    """Every metric of the report for networks that were asked to forget some ``classes``, labels of the dataset.

    ``networks`` and ``retrained``, which were trained without these classes, are one or several modules, state dicts or
    files of these, of perceptrons or small convolutional networks with ReLU. State dicts of the latter have to be as
    the modules that are given, or as the networks of the task: their tensors do not tell strides. ``data`` are what
    `hyperforget.scores.given_data.data_of` takes, such as ``{"train": (images, labels), "test": (images, labels)}``, or
    the folder of a task in the results of a run, such as ``results/digits``: retrained networks are then taken from
    there (from its ``store``, by default ``results/store``) where none are given.

    A row for each metric and set of images: the ``value`` (the median of several networks), ``low`` to ``high`` the
    central 95 % of the ``n`` networks or pairs behind it, ``median_low`` to ``median_high`` its own 95 % interval, the
    same of retrained networks, which for metrics that compare two networks is the floor that no method gets below, and
    a ``verdict``. ``attrs["verdict"]`` of the frame is a sentence on all of them, ``attrs["knowledge"]`` one of its
    words: ``forgets``, ``hides`` or ``answers``; ``attrs["keeps"]`` tells whether the other classes are kept, and
    ``attrs["warning"]`` is a sentence where the networks seem to read other pixels, else empty.

    Raises `UserError` for what does not fit together.
    """
    folder = task_folder(data)
    found = data_of(data) if folder is None else load_task(folder, store)
    forget = _forget_set(classes, found)
    if retrained is not None:
        told = layout_told_by((networks, retrained), found)
        given, others = (
            networks_of(each, argument, found, told)
            for each, argument in ((networks, "networks"), (retrained, "retrained"))
        )
        found = in_one_order((given.layout, others.layout), found)
        floor = _stand_for_a_method(others, found)
    elif folder is not None:
        floor = load_retrained(folder, forget, store)
        given = networks_of(networks, "networks", found, floor.candidates.networks.layout)
    else:
        raise UserError(
            "there is nothing to judge by: give networks that were trained without the classes as retrained=[…], or "
            "the folder of a task in the results of a run as data"
        )
    request = Request(found, found.validation, torch.tensor(forget.mask(found.labels)))
    spec = EvaluationSpec(protocol="validation", selection=SelectionConfig(), evaluation=EvaluationConfig())
    bench = Bench(folder.name if folder else "data", str(forget), request, floor, spec)
    _check_of_use(floor, bench)
    table = scores_table(
        judge(_GIVEN, _stand_for_a_method(given, found), bench), judge(RETRAINED, floor, bench), len(given) > 1
    )
    verdict = verdict_on(table, forget, len(given))
    table.attrs |= {
        "verdict": verdict.sentence,
        "knowledge": verdict.knowledge,
        "keeps": verdict.keeps,
        "warning": _warning(table, found),
    }
    return table


def _warning(table: pd.DataFrame, data: TaskData) -> str:
    """Empty, unless networks get less than half as many of the retained images right as retrained ones."""
    [row] = table[(table["metric"] == "accuracy") & (table["set"] == "retain")].to_dict("records")
    if row["value"] >= _SUSPICIOUS * row["retrained"]:
        return ""
    known = (data.mean, data.std) != UNKNOWN_PIXELS
    read = f"(pixel - {data.mean:.6g}) / {data.std:.6g}" if known else "pixels as they are in the data"
    return f"was it trained on pixels of another scale, or outputs in another order? Here networks read {read}"


def _forget_set(classes: Iterable[int] | str, data: TaskData) -> ForgetSet:
    if isinstance(classes, str):
        return parse_forget_set(classes, data.labels, "classes")
    try:
        labels = [index(label) for label in classes]
    except TypeError:
        raise UserError(f"classes is {shown(classes)}; allowed is a list of class labels, such as [2, 3]") from None
    if not labels:
        raise UserError("classes is empty; allowed is a list of at least one class label, such as [2, 3]")
    return parse_forget_set(format_classes(labels), data.labels, "classes")


def _stand_for_a_method(networks: Networks, data: TaskData) -> StoredCandidates:
    return StoredCandidates(make_candidates(networks, data.validation), 0, list(range(len(networks))))


def _check_of_use(retrained: StoredCandidates, bench: Bench) -> None:
    """Raise `UserError` where most retrained networks do no better on retained images than to answer one class."""
    sizes = bench.request.split.class_sizes[~bench.request.forget]
    accuracy = torch.tensor([row.retain_accuracy for row in bench.retrained_offer]).median()
    guess = sizes.max() / sizes.sum()
    if accuracy <= guess:
        raise UserError(
            f"retrained networks get {accuracy:.2f} of the retained images right, where one answer for all gets "
            f"{guess:.2f}; allowed are images on the scale that networks were trained on, and trained networks"
        )
