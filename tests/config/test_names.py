"""Names of tasks and models: whatever passes, no two results lie under one path."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hyperforget.config import Config, load_config
from hyperforget.config.slices import report_spec
from hyperforget.errors import UserError
from hyperforget.report.spec import figure_files, table_files
from tests.torture import hostile

TASK = {"classes": [0, 1, 2, 3], "hidden": [2], "pivots": [0], "forget": ["1"]}
HELD_OUT = TASK | {"holdout": ["2"]}


def configured(tasks: dict[str, Any], models: list[str], **keys: object) -> Config:
    sections = {name: {"conditioning": "dihyfo-1"} for name in models}
    return load_config({"tasks": tasks, "models": sections, **keys})


def refusal_of(tasks: dict[str, Any], models: list[str], **keys: object) -> str:
    with pytest.raises(UserError) as refusal:
        configured(tasks, models, **keys)
    return str(refusal.value)


@pytest.mark.parametrize("name", ["store", "logs", "benchmarks", "tables", "figures", "source"])
def test_a_task_is_not_called_like_a_folder_of_results(name: str) -> None:
    message = refusal_of({"odd": TASK, name: TASK}, ["own"])
    assert message.startswith(f"tasks.{name}: results/{name} is the folder of other results")
    assert message.endswith(f"such as '{name}-task'")
    configured({f"{name}-task": TASK, "reports": TASK}, [name])


def test_a_task_is_not_called_like_the_held_out_sets_of_another() -> None:
    message = refusal_of({"odd": HELD_OUT, "odd-holdout": TASK}, ["own"])
    assert message.startswith("tasks: the name 'odd-holdout' is that of tables of the task 'odd'")
    configured({"odd": TASK, "odd-holdout": HELD_OUT}, ["own"])


def test_a_task_is_not_called_like_a_repetition_of_another() -> None:
    tasks = {"odd": TASK, "odd-seed-7": TASK}
    assert "'odd-seed-7' is that of 'odd' done again" in refusal_of(tasks, ["own"], seeds=[0, 7])
    configured(tasks, ["own"], seeds=[0, 1])


@pytest.mark.parametrize(
    ("models", "meeting"), [(["b-c", "c"], "a-b-c"), (["c", "b-c"], "a-b-c"), (["b-bias"], "a-b-bias")]
)
def test_tasks_and_methods_do_not_meet_in_one_name(models: list[str], meeting: str) -> None:
    for tasks in ({"a": TASK, "a-b": TASK}, {"a-b": TASK, "a": TASK}):
        message = refusal_of(tasks, models)
        assert f"'{meeting}'" in message
        for part in ("'a'", "'a-b'", *map(repr, models)):
            assert part in message
    configured({"a": TASK, "a-b": TASK}, ["b", "c"])


@pytest.mark.parametrize("name", ["original", "strangers", "retrained", "bias", "own-edit", "own-strangers"])
def test_a_model_is_not_called_like_another_method(name: str) -> None:
    assert f"models.{name}: the name {name!r} belongs to another method" in refusal_of({"odd": TASK}, [name])


_PARTS = st.lists(
    st.sampled_from(["a", "b", "holdout", "comparison", "alignment", "trade", "off", "bias", "candidates", "seed"]),
    min_size=1,
    max_size=3,
).map("-".join)


@hostile("names of tasks and models", 100)
@given(
    st.dictionaries(_PARTS, st.sampled_from([TASK, HELD_OUT]), min_size=1, max_size=4),
    st.lists(_PARTS, min_size=1, max_size=3, unique=True),
)
def test_no_two_tables_or_figures_share_a_name(tasks: dict[str, Any], models: list[str]) -> None:
    try:
        config = configured(tasks, models)
    except UserError:
        assume(False)
    spec = report_spec(config, {})
    for files in (table_files(spec), [file for task in tasks for file in figure_files(spec, task)]):
        assert len(files) == len(set(files))
