"""Forget sets and pivots of a task are labels of its dataset, in what is read, refused and told to stages."""

from typing import Any

import pytest

from hyperforget.config import forget_set, load_config, warnings
from hyperforget.config.performance import Performance
from hyperforget.config.slices import report_spec, spec_of
from hyperforget.config.specs import CollectionSpec, CorpusSpec, DatasetSpec, ProbeSpec, TrainingSpec
from hyperforget.errors import UserError
from hyperforget.forget_set import ForgetSet

# Neither the first labels of the dataset nor in their order.
ODD = {"classes": [9, 3, 5, 7], "hidden": [2], "pivots": [3, 5], "forget": ["9", "7-9"], "holdout": ["7"]}
FIRST = {"classes": [0, 1, 2, 3], "hidden": [2], "pivots": [0, 1], "forget": ["2", "2-3"], "holdout": ["3"]}
NAMES = {"corpus": "corpus", "shard": "0", "model": "gpt", "method": "retrained"}


def values(task: dict[str, Any], metric_class: int) -> dict[str, Any]:
    return {"tasks": {"toy": task}, "models": {"dihyfo-1": {}, "gpt": {"metric_class": metric_class}}}


def test_sets_are_labels_of_the_dataset() -> None:
    task = load_config(values(ODD, 9)).tasks["toy"]
    assert [forget_set(text, task) for text in task.forget] == [ForgetSet((9,)), ForgetSet((7, 9))]
    letters = FIRST | {"classes": list(range(1, 27)), "pivots": list(range(5, 27)), "forget": ["1", "2-4"]}
    assert load_config({"tasks": {"letters": letters}}).tasks["letters"].forget == ["1", "2-4"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "forget",
            ["4"],
            "tasks.toy.forget: the forget set '4': class 4 is not one of the task's classes 3, 5, 7, 9; allowed are "
            "some of these, sorted, each once, joined by '-', never all; the nearest is '3'",
        ),
        (
            "forget",
            ["0-1"],
            "tasks.toy.forget: the forget set '0-1': class 0 is not one of the task's classes 3, 5, 7, 9; allowed are "
            "some of these, sorted, each once, joined by '-', never all; the nearest is '3'",
        ),
        (
            "pivots",
            [0, 1],
            "tasks.toy.pivots has 0, which is not one of the task's classes; allowed are 3, 5, 7, 9, the nearest is 3",
        ),
        (
            "forget",
            ["3"],
            "tasks.toy.forget: the forget set '3' has the pivot class 3, which no hypernetwork learns to forget; "
            "allowed are the free classes 7, 9, or any with the task's allow_pivots: true; the nearest is '7'",
        ),
        (
            "holdout",
            ["7", "9", "7-9"],
            "tasks.toy: the forget set '7-9' is under forget and under holdout; allowed is one of them",
        ),
    ],
)
def test_messages_speak_of_labels(key: str, value: object, message: str) -> None:
    with pytest.raises(UserError) as refusal:
        load_config(values(ODD | {key: value}, 9))
    assert str(refusal.value) == message


@pytest.mark.parametrize("label", [0, 4, 10])
def test_the_class_of_a_metric_is_a_label(label: int) -> None:
    nearest = {0: 3, 4: 3, 10: 9}[label]
    with pytest.raises(UserError) as refusal:
        load_config(values(ODD, label))
    assert str(refusal.value) == (
        f"models.gpt.metric_class is {label}, which is no class of tasks.toy; allowed are 3, 5, 7, 9, "
        f"the nearest is {nearest}"
    )


def test_warnings_speak_of_labels() -> None:
    (warning,) = warnings(load_config(values(ODD | {"forget": ["5-9"], "allow_pivots": True}, 9)))
    assert warning.startswith("tasks.toy: the forget set '5-9' has the pivot class 5, ")


@pytest.mark.parametrize("task", [FIRST, ODD], ids=["first", "odd"])
def test_stages_are_told_labels_as_they_are_written(task: dict[str, Any]) -> None:
    """What is written as 0, 1, 2, 3 is told as before there were other labels, so that its results are known still."""
    label = task["classes"][2]
    config, names = load_config(values(task, label)), NAMES | {"task": "toy"}
    sets = {key: [tuple(map(int, text.split("-"))) for text in task[key]] for key in ("forget", "holdout")}
    assert spec_of(DatasetSpec, config, names).classes == task["classes"]
    collection = spec_of(CollectionSpec, config, names)
    assert (collection.pivots, collection.holdout) == (task["pivots"], sets["holdout"])
    corpus = spec_of(CorpusSpec, config, names)
    assert (corpus.pivots, corpus.forget, corpus.holdout) == (task["pivots"], sets["forget"], sets["holdout"])
    training = spec_of(TrainingSpec, config, names)
    assert (training.holdout, training.performance) == (sets["holdout"], Performance("loss", label))
    assert spec_of(ProbeSpec, config, names).pivots == task["pivots"]
    report = report_spec(config, {})
    (told,) = report.tasks
    assert (told.classes, told.pivots) == (tuple(map(str, task["classes"])), tuple(map(str, task["pivots"])))
    assert (told.forget, told.holdout) == (tuple(task["forget"]), tuple(task["holdout"]))
    assert report.performances["gpt"].classes == label
