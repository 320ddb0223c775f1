"""Tasks that forget groups: what they are told, and what is refused of them with one sentence."""

from typing import Any

import pytest

from hyperforget.config import Config, load_config
from hyperforget.config.report_specs import TablesSpec
from hyperforget.config.slices import spec_of
from hyperforget.config.specs import CollectionSpec, DatasetSpec
from hyperforget.errors import UserError

TASK: dict[str, Any] = {
    "dataset": {"source": "grouped-digits"},
    "classes": list(range(10)),
    "groups": [0, 1, 2, 3],
    "hidden": [8],
    "pivots": [0],
    "forget": ["1", "2-3"],
    "holdout": ["1-3"],
    "strangers": {"count": 0},
}
VALUES: dict[str, Any] = {
    "tasks": {"sensors": TASK},
    "models": {"dihyfo-1": {"told": ["loss"]}},
    "rivals": ["nearest", "finetune"],
}
CLASSES: dict[str, Any] = {
    "tasks": {"digits": {"classes": list(range(10)), "hidden": [7], "pivots": [5], "forget": ["2"]}}
}


def of_task(**changes: Any) -> dict[str, Any]:
    return {**VALUES, "tasks": {"sensors": {**TASK, **changes}}}


def refusal_of(values: dict[str, Any]) -> str:
    with pytest.raises(UserError) as refusal:
        load_config(values)
    message = str(refusal.value)
    assert "\n" not in message
    return message


def test_forget_sets_name_groups_and_networks_answer_classes() -> None:
    task = load_config(VALUES).tasks["sensors"]
    assert (task.forgettable, task.noun, task.classes) == ([0, 1, 2, 3], "group", list(range(10)))
    spec = spec_of(DatasetSpec, load_config(VALUES), {"task": "sensors"})
    assert (spec.groups, spec.classes) == ([0, 1, 2, 3], list(range(10)))
    names = {"task": "sensors", "corpus": "corpus", "shard": "0"}
    assert spec_of(CollectionSpec, load_config(VALUES), names).holdout == [(1, 3)]


@pytest.mark.parametrize("kind", [DatasetSpec, TablesSpec])
def test_who_forgets_classes_is_told_nothing_of_groups(kind: Any) -> None:
    """So that what is there is not made anew."""
    config: Config = load_config(CLASSES)
    assert "groups" not in spec_of(kind, config, {"task": "digits"}).model_dump_json()
    assert "groups" not in config.model_dump_json()
    assert "groups" in spec_of(kind, load_config(VALUES), {"task": "sensors"}).model_dump_json()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"forget": ["4"]}, "tasks.sensors.forget: the forget set '4': group 4 is not one of the task's groups 0 to 3"),
        (
            {"forget": ["0-1"]},
            "has the pivot group 0, which no hypernetwork learns to forget; allowed are the free groups",
        ),
        ({"forget": ["0-1-2-3"]}, "has all 4 groups, which leaves nothing to retain"),
        ({"pivots": [7]}, "tasks.sensors.pivots has 7, which is not one of the task's groups; allowed are 0 to 3"),
        ({"pivots": [0, 1, 2, 3]}, "tasks.sensors.pivots has all groups, [0, 1, 2, 3]; at least one must be left"),
        ({"groups": [0, 1, 1]}, "tasks.sensors.groups has 1 twice"),
        ({"groups": [0, -1]}, "tasks.sensors.groups has -1; allowed are labels from 0 on"),
        (
            {"dataset": {"source": "digits"}},
            "tasks.sensors.groups is [0, 1, 2, 3], but tasks.sensors.dataset.source is 'digits', which tells none; "
            "allowed are grouped-digits, npz, function",
        ),
        (
            {"collection": {"never_seen": 0}},
            "tasks.sensors.collection.never_seen is 0, but tasks.sensors has groups",
        ),
    ],
)
def test_what_is_wrong_with_a_task_is_one_sentence_about_groups(changes: dict[str, Any], words: str) -> None:
    assert words in refusal_of(of_task(**changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rivals": ["nearest", "bias"]}, "rivals has 'bias', but tasks.sensors has groups, which have no output"),
        ({"rivals": ["neggrad"]}, "allowed are nearest, finetune, cf-k, eu-k"),
        (
            {"models": {"dihyfo-1": {}}},
            "models.dihyfo-1.told is ['loss', 'discriminability', 'separability'], but tasks.sensors has groups, which "
            "have no output of their own; allowed is [loss]",
        ),
        (
            {"selection": {"rule": "retrained-level"}},
            "selection.rule is 'retrained-level', but tasks.sensors has groups",
        ),
        ({"audit": ["zrf"]}, "audit has 'zrf', but tasks.sensors has groups"),
        ({"models": {"gpt": {"metric_class": 5}}}, "models.gpt.metric_class is 5, which is no group of tasks.sensors"),
    ],
)
def test_what_needs_an_output_of_what_is_forgotten_is_refused(changes: dict[str, Any], words: str) -> None:
    assert words in refusal_of({**VALUES, **changes})


def test_functions_of_ones_own_are_refused(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text("def mine(given): ...\n")
    for key in ("methods", "metrics"):
        own = {key: {"mine": {"file": str(tmp_path / "mine.py")}}}
        assert refusal_of({**VALUES, **own}).startswith(f"{key}.mine is of your own, but tasks.sensors has groups")


def test_default_rivals_are_refused_as_they_lower_outputs() -> None:
    values = {key: value for key, value in VALUES.items() if key != "rivals"}
    assert "rivals has 'bias'" in refusal_of(values)
