"""Further corpora of a task: what they take over from its collection, who is trained on them, and what is refused."""

import copy
from typing import Any

import pytest
import yaml

from hyperforget.config import CollectionConfig, TaskConfig, load_config
from hyperforget.config.corpora import collection_key
from hyperforget.errors import UserError

ENDS = "tasks.toy.corpora.ends"
VALUES = yaml.safe_load("""
tasks:
  toy:
    classes: [0, 1, 2, 3]
    hidden: [2]
    pivots: [0, 1]
    forget: [2]
    collection: {runs: 600, shards: 3, review_schedule: uniform}
    corpora:
      ends: {review_schedule: ends, shards: 2, models: [dihyfo-2]}
  plain:
    classes: [0, 1, 2]
    hidden: [2]
    pivots: [0]
    forget: [1]
""")


def with_corpora(corpora: object, **collection: object) -> dict[str, Any]:
    values: dict[str, Any] = copy.deepcopy(VALUES)
    values["tasks"]["toy"]["corpora"] = corpora
    values["tasks"]["toy"]["collection"] |= collection
    return values


def with_ends(**changes: object) -> dict[str, Any]:
    return with_corpora({"ends": VALUES["tasks"]["toy"]["corpora"]["ends"] | changes})


def refusal_of(values: dict[str, Any]) -> str:
    with pytest.raises(UserError) as refusal:
        load_config(values)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.fixture
def task() -> TaskConfig:
    return load_config(VALUES).tasks["toy"]


def test_a_further_corpus_takes_over_what_it_does_not_set(task: TaskConfig) -> None:
    main, ends = task.collections.values()
    assert main == task.collection
    assert ends.model_dump(exclude={"models"}) == main.model_dump() | {"review_schedule": "ends", "shards": 2}
    assert (ends.runs, ends.steps) == (600, CollectionConfig().steps)


def test_corpora_are_named_as_in_paths_and_have_their_keys(task: TaskConfig) -> None:
    assert list(task.collections) == ["corpus", "corpus-ends"]
    keys = [collection_key("toy", corpus) for corpus in task.collections]
    assert keys == ["tasks.toy.collection", ENDS]


def test_a_model_uses_the_corpus_that_names_it_and_else_the_tasks_own(task: TaskConfig) -> None:
    assert [task.corpus_of(model) for model in ("dihyfo-1", "dihyfo-2")] == ["corpus", "corpus-ends"]
    plain = load_config(VALUES).tasks["plain"]
    assert list(plain.collections) == ["corpus"]
    assert plain.corpus_of("dihyfo-2") == "corpus"


def test_a_task_without_a_collection_of_its_own_may_have_further_corpora() -> None:
    values = copy.deepcopy(VALUES)
    values["tasks"]["plain"]["corpora"] = {"few": {"runs": 300, "models": ["dihyfo-1"]}}
    task = load_config(values).tasks["plain"]
    assert (task.collection.runs, task.corpora["few"].runs) == (CollectionConfig().runs, 300)


def test_what_was_loaded_loads_again_unchanged() -> None:
    config = load_config(VALUES)
    assert load_config(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (with_ends(run=3), f"unknown key '{ENDS}.run' (value 3); allowed here are steps, checkpoints"),
        (with_ends(runs="x"), f"{ENDS}.runs is 'x' (str): input should be a valid integer"),
        (with_ends(review_schedule="end"), f"{ENDS}.review_schedule is 'end'; allowed are uniform, early"),
        (with_ends(shards=700), f"{ENDS}.shards is 700, more than its 600 runs"),
        (with_ends(switch=[0.9, 0.1]), f"{ENDS}.switch is [0.9, 0.1]; allowed is a range in ascending"),
        (with_ends(models=[]), f"{ENDS}.models is [] (list): list should have at least 1 item"),
        (with_ends(models=["dihyfo-3"]), f"{ENDS}.models has 'dihyfo-3', which is no model of the "),
        (with_ends(models=["dihyfo-2"] * 2), f"{ENDS}.models has 'dihyfo-2' twice"),
        (with_corpora({"ends": {}}), f"the key '{ENDS}.models' is missing; the models that are trained on "),
        (with_corpora({"ends": 3}), f"{ENDS} is 3 (int): input should be a valid dictionary"),
        (with_corpora({"The_ends": {}}), "tasks.toy.corpora.The_ends is 'The_ends' (str): "),
        (with_corpora([]), "tasks.toy.corpora is [] (list): input should be a valid dictionary"),
    ],
)
def test_faults_of_a_further_corpus_are_told_by_its_keys(values: dict[str, Any], sentence: str) -> None:
    assert refusal_of(values).startswith(sentence)


def test_what_a_corpus_takes_over_is_at_fault_where_the_user_wrote_it() -> None:
    ends = VALUES["tasks"]["toy"]["corpora"]
    assert refusal_of(with_corpora(ends, run=3)).startswith("unknown key 'tasks.toy.collection.run' (value 3)")
    assert refusal_of(with_corpora(ends, steps="x")).startswith("tasks.toy.collection.steps is 'x' (str)")
    assert refusal_of(with_corpora(ends, shards=700)).startswith("tasks.toy.collection.shards is 700, more ")


def test_no_model_has_two_corpora() -> None:
    message = refusal_of(with_corpora({name: {"models": ["dihyfo-2"]} for name in ("first", "second")}))
    assert message == (
        "tasks.toy.corpora.second.models has 'dihyfo-2', which tasks.toy.corpora.first.models has already; "
        "allowed is one corpus a model"
    )


def test_the_nearest_model_is_offered() -> None:
    assert refusal_of(with_ends(models=["dihyfo-3"])).endswith(
        "allowed are dihyfo-1, dihyfo-2; did you mean 'dihyfo-2'?"
    )
