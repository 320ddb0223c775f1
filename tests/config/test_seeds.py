"""Further seeds: what is done again, under which names, and with which images."""

import pytest

from hyperforget.config import load_config
from hyperforget.config.jobs import task_of
from hyperforget.config.slices import report_spec, spec_of
from hyperforget.config.specs import CollectionSpec, DatasetSpec, SamplingSpec, TrainingSpec
from hyperforget.errors import UserError

TOY = {"classes": [0, 1, 2, 3], "hidden": [2], "pivots": [0, 1], "forget": ["2"], "holdout": ["3"]}
CONFIG = load_config({"seeds": [4, 0, 7], "tasks": {"toy": TOY, "other": TOY}})
AGAIN = ["toy-seed-0", "toy-seed-7", "other-seed-0", "other-seed-7"]


def test_every_task_is_done_again_with_each_further_seed() -> None:
    assert list(CONFIG.repetitions) == AGAIN
    assert [CONFIG.repeated(name) for name in ("toy", *AGAIN)] == [
        ("toy", 4), ("toy", 0), ("toy", 7), ("other", 0), ("other", 7)
    ]  # fmt: skip
    assert load_config({"tasks": {"toy": TOY}}).repetitions == {}


def test_all_is_drawn_anew_but_the_split_of_images() -> None:
    names = {"corpus": "corpus", "shard": "0", "model": "dihyfo-1", "method": "dihyfo-1", "forget": "2"}
    for kind in (CollectionSpec, TrainingSpec, SamplingSpec):
        first, again = (spec_of(kind, CONFIG, names | {"task": task}).model_dump() for task in ("toy", "toy-seed-7"))
        # A hypernetwork learns from the corpus of its seed.
        taught = {"taught": [first["taught"][0] | {"task": "toy-seed-7"}]} if "taught" in first else {}
        assert again == first | {"seed": 7} | taught
        assert first["seed"] == 4
    split, same, other = (spec_of(DatasetSpec, CONFIG, {"task": task}) for task in ("toy", "toy-seed-7", "other"))
    assert split == same != other


def test_the_report_has_the_tasks_once_and_knows_what_was_done_again() -> None:
    tasks = report_spec(CONFIG, {}).tasks
    assert {task.name: list(task.repetitions) for task in tasks} == {"other": AGAIN[2:], "toy": AGAIN[:2]}


def test_names_of_repetitions_lead_to_their_task() -> None:
    assert task_of(CONFIG, {"task": "toy-seed-7"}) is CONFIG.tasks["toy"]
    assert CONFIG.methods_on("toy-seed-7") == CONFIG.methods_on("toy")
    with pytest.raises(UserError, match="'toy-seed-3' is not in the configuration; allowed are toy, other, toy-seed-0"):
        task_of(CONFIG, {"task": "toy-seed-3"})


def test_no_task_has_the_name_of_a_repetition() -> None:
    tasks = {"toy": TOY, "toy-seed-1": TOY}
    load_config({"tasks": tasks})
    with pytest.raises(UserError, match="'toy-seed-1' is that of 'toy' done again with a further seed"):
        load_config({"seeds": [0, 1], "tasks": tasks})


def test_seeds_are_not_negative() -> None:
    with pytest.raises(UserError, match=r"seeds\.1 is -1.*greater than or equal to 0"):
        load_config({"seeds": [0, -1], "tasks": {"toy": TOY}})
