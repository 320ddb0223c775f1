"""Tasks that share hypernetworks: who teaches them, where they lie, what they are asked for, and what is refused."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from hyperforget.config import Config, load_config
from hyperforget.config.families import (
    check_home,
    home_of_hypernetworks,
    is_width_never_seen,
    prompted_by,
    split_of,
    teachers,
)
from hyperforget.config.report_specs import FiguresSpec
from hyperforget.config.slices import spec_of
from hyperforget.config.specs import CostsSpec, DatasetSpec, TrainingSpec
from hyperforget.errors import UserError

VALUES = yaml.safe_load("""
seeds: [0, 3]
tasks:
  seven: &task
    classes: [0, 1, 2, 3]
    hidden: [7]
    pivots: [0, 1]
    forget: ["2"]
    holdout: ["3"]
    trained_on: [seven, twelve]
  twelve: {<<: *task, hidden: [12]}
  nine: {<<: *task, hidden: [9]}
  ten: {<<: *task, hidden: [10], forget: ["2-3"]}
  alone: {<<: *task, trained_on: []}
models:
  dihyfo-1: {}
""")


def changed(path: str, value: object) -> dict[str, Any]:
    values: dict[str, Any] = copy.deepcopy(VALUES)
    at: Any = values
    *folders, key = path.split(".")
    for folder in folders:
        at = at.setdefault(folder, {})
    at[key] = value
    return values


def refusal_of(values: Mapping[str, Any]) -> str:
    with pytest.raises(UserError) as refusal:
        load_config(values)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(VALUES)


@pytest.mark.parametrize("name", ["seven", "twelve", "nine", "ten"])
def test_tasks_share_the_hypernetworks_that_those_named_teach(config: Config, name: str) -> None:
    assert teachers(config, name) == ["seven", "twelve"]
    assert home_of_hypernetworks(config, name) == "seven"
    assert is_width_never_seen(config, name) == (name in ("nine", "ten"))
    # With another seed those of that seed, and still the same split of images.
    again = f"{name}-seed-3"
    assert teachers(config, again) == ["seven-seed-3", "twelve-seed-3"]
    assert home_of_hypernetworks(config, again) == "seven-seed-3"
    assert is_width_never_seen(config, again) == (name in ("nine", "ten"))
    assert split_of(config, name) == split_of(config, again) == "seven"


def test_a_task_by_itself_has_its_own(config: Config) -> None:
    for name in ("alone", "alone-seed-3"):
        assert teachers(config, name) == [name]
        assert home_of_hypernetworks(config, name) == prompted_by(config, name) == name
        assert not is_width_never_seen(config, name)
        assert split_of(config, name) == "alone"


@pytest.mark.parametrize(
    ("name", "asked"), [("seven", "seven"), ("twelve", "twelve"), ("nine", "seven"), ("ten", "twelve")]
)
def test_of_a_width_never_seen_the_corpus_of_the_nearest_says_what_to_ask_for(
    config: Config, name: str, asked: str
) -> None:
    # 9 is 7 times 1.29 and 12 over 1.33; 10 is 7 times 1.43.
    assert prompted_by(config, name) == asked
    assert prompted_by(config, f"{name}-seed-3") == f"{asked}-seed-3"


def test_stages_are_told(config: Config) -> None:
    told = spec_of(TrainingSpec, config, {"task": "seven-seed-3", "model": "dihyfo-1"})
    assert [(each.task, each.network.hidden) for each in told.taught] == [
        ("seven-seed-3", [7]),
        ("twelve-seed-3", [12]),
    ]
    assert spec_of(DatasetSpec, config, {"task": "nine"}).split_of == "seven"
    homes = spec_of(CostsSpec, config, {}).hypernets_of
    others = ("twelve", "nine", "ten")
    assert homes == dict.fromkeys(others, "seven") | dict.fromkeys(
        [f"{each}-seed-3" for each in others], "seven-seed-3"
    )
    figures = {name: spec_of(FiguresSpec, config, {"task": name}).tasks[0].hypernets_of for name in config.tasks}
    assert figures == {"seven": "seven", "twelve": "seven", "nine": "seven", "ten": "seven", "alone": None}


def test_hypernetworks_of_another_folder_are_not_made_twice(config: Config) -> None:
    check_home(config, "seven", "dihyfo-1")
    check_home(config, "alone", "dihyfo-1")
    with pytest.raises(UserError, match=r"ask for results/seven-seed-3/dihyfo-1/hypernet\.json"):
        check_home(config, "nine-seed-3", "dihyfo-1")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "tasks.nine.trained_on",
            ["seven", "twelf"],
            "tasks.nine.trained_on has 'twelf', which is no task of the configuration; allowed are seven, twelve, "
            "nine, ten, alone; did you mean 'twelve'?",
        ),
        (
            "tasks.nine.trained_on",
            ["seven"],
            "tasks.nine.trained_on is ['seven']; allowed are the names of two tasks or more, each once, or none at all",
        ),
        (
            "tasks.nine.trained_on",
            ["twelve", "seven"],
            "tasks.nine shares hypernetworks with 'twelve' (trained_on), but their corpora disagree: trained_on is "
            "['twelve', 'seven'], and ['seven', 'twelve'] of 'twelve'; allowed is the same",
        ),
        (
            "tasks.twelve.dataset",
            {"test": 0.5},
            "tasks.seven shares hypernetworks with 'twelve' (trained_on), but their corpora disagree: dataset is the "
            "default, and {'test': 0.5} of 'twelve'; allowed is the same",
        ),
        (
            "tasks.twelve.classes",
            [0, 1, 2, 3, 4],
            "tasks.seven shares hypernetworks with 'twelve' (trained_on), but their corpora disagree: classes is "
            "[0, 1, 2, 3], and [0, 1, 2, 3, 4] of 'twelve'; allowed is the same",
        ),
        (
            "tasks.nine.pivots",
            [0],
            "tasks.nine shares hypernetworks with 'seven' (trained_on), but their corpora disagree: pivots is [0], and "
            "[0, 1] of 'seven'; allowed is the same",
        ),
        (
            "tasks.nine.holdout",
            [],
            "tasks.nine shares hypernetworks with 'seven' (trained_on), but their corpora disagree: holdout is [], and "
            "['3'] of 'seven'; allowed is the same",
        ),
        (
            "tasks.twelve.hidden",
            [12, 12],
            "tasks.seven shares hypernetworks with 'twelve' (trained_on), but their corpora disagree: network is "
            "{'kind': 'perceptron', 'layers': 1}, and {'kind': 'perceptron', 'layers': 2} of 'twelve'; allowed is the "
            "same, of which only the numbers of hidden units or channels may differ",
        ),
        (
            "models.dihyfo-1.architecture",
            {"tokens": "layers"},
            "models.dihyfo-1.architecture.tokens is 'layers', which is of one width only, but tasks.seven.trained_on "
            "has tasks of several; allowed is 'units'",
        ),
        (
            "models.dihyfo-1.architecture",
            {"space": "subspace", "heads": 4},
            "models.dihyfo-1.architecture.space is 'subspace', which is of one width only, but tasks.seven.trained_on "
            "has tasks of several; allowed is 'weights'",
        ),
        (
            "tasks.seven.corpora",
            {"ends": {"models": ["dihyfo-1"]}},
            "tasks.seven.corpora has 'ends' beside trained_on; allowed is one of the two, as tasks that share "
            "hypernetworks have one corpus each",
        ),
        (
            "hardware.processes",
            2,
            "hardware.processes is 2, but one process trains hypernetworks of tasks with trained_on; allowed is 1",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and " " not in value else "",
)
def test_what_cannot_be_shared_is_refused(path: str, value: object, message: str) -> None:
    assert refusal_of(changed(path, value)) == message


def test_kinds_of_networks_must_agree_and_kernels_too() -> None:
    values = changed("tasks", {name: VALUES["tasks"][name] for name in ("seven", "twelve")})
    convolutional = {"kind": "convolutional", "channels": [4], "kernel": 3}
    for task, channels in zip(values["tasks"].values(), ([4], [6]), strict=True):
        del task["hidden"]
        task["network"] = {**convolutional, "channels": channels}
    assert is_width_never_seen(load_config(values), "seven") is False
    values["tasks"]["twelve"]["network"]["kernel"] = 5
    assert "'kernel': 5} of 'twelve'; allowed is the same, of which only the numbers" in refusal_of(values)
