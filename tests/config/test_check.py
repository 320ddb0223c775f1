"""Reading a configuration: defaults, warnings, and one sentence on whatever is wrong."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hyperforget.config import ModelConfig, TaskConfig, forget_set, load_config, warnings
from hyperforget.config.methods import RIVALS
from hyperforget.config.performance import Performance
from hyperforget.errors import UserError
from hyperforget.forget_set import ForgetSet

ROOT = Path(__file__).parents[2]
VALUES = yaml.safe_load("""
tasks:
  toy:
    classes: [0, 1, 2, 3]
    hidden: [2]
    pivots: [0, 1]
    forget: [2, 2-3]
    holdout: [3]
""")
COLLECTION, DATASET, MODEL = "tasks.toy.collection", "tasks.toy.dataset", "models.dihyfo-1"


def changed(path: str, value: object) -> dict[str, Any]:
    """The values above with one key set."""
    values: dict[str, Any] = copy.deepcopy(VALUES)
    section = values
    *sections, key = path.split(".")
    for name in sections:
        section = section.setdefault(name, {})
    section[key] = value
    return values


def refusal_of(values: dict[str, Any]) -> str:
    with pytest.raises(UserError) as refusal:
        load_config(values)
    message = str(refusal.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("path", "nearest", "some_allowed"),
    [
        ("seedz", "seeds", "protocol, seeds, store, reuse, tasks"),
        ("tasks.toy.pivot", "pivots", "hidden, network, groups, pivots, allow_pivots, forget"),
        ("tasks.toy.dataset.sorce", "source", "source"),
        ("tasks.toy.recipe.momentun", "momentum", "momentum, weight_decay"),
        ("tasks.toy.strangers.counts", "count", "count, recipe"),
        ("tasks.toy.strangers.recipe.optimiser", "optimizer", "optimizer, initialisation"),
        ("tasks.toy.collection.run", "runs", "runs, shards"),
        ("models.dihyfo-1.proces", "process", "process, architecture"),
        ("models.dihyfo-2.architecture.widht", "width", "width, layers, heads"),
        ("models.dihyfo-2.training.step", "steps", "steps, batch_size"),
        ("models.dihyfo-2.sampling.step", "steps", "steps, stochasticity, candidates"),
        ("models.dihyfo-1.editing.candidate", "candidates", "steps, stochasticity, candidates, rounds"),
        ("prompts.forgets", "forget", "forget, retain"),
        ("selection.rules", "rule", "rule, tolerance"),
        ("probe.prompt", "prompts", "prompts, networks, range"),
        ("optimizers.update", "updates", "networks, updates, best"),
        ("evaluation.membership", "membership_networks", "membership_networks"),
    ],
)
def test_unknown_key_at_every_level(path: str, nearest: str, some_allowed: str) -> None:
    message = refusal_of(changed(path, 3))
    assert message.startswith(f"unknown key {path!r} (value 3); allowed here are ")
    assert some_allowed in message
    assert message.endswith(f"; did you mean {nearest!r}?")


@pytest.mark.parametrize("task", ["recipe", "collection", "hidden"])
def test_a_task_may_be_named_like_a_key(task: str) -> None:
    values = {"tasks": {task: VALUES["tasks"]["toy"] | {"pivot": 3}}}
    assert "allowed here are dataset, classes, hidden, network, groups, pivots" in refusal_of(values)


@pytest.mark.parametrize(
    ("path", "value", "allowed"),
    [
        ("seeds", 1, "(int): input should be a valid list"),
        ("probe.networks", "x", "(str): input should be a valid integer"),
        ("probe.networks", 1.5, "(float): input should be a valid integer"),
        ("probe.networks", True, "integer"),
        ("store", [], "(list): input should be a valid string"),
        ("tasks", 3, "(int): input should be a valid dictionary"),
        ("tasks.toy", 3, "(int): input should be a valid dictionary"),
        ("tasks.toy.dataset", "digits", "(str): input should be a valid dictionary"),
        ("tasks.toy.classes", "0-3", "(str): input should be a valid list"),
        ("tasks.toy.hidden", 2, "(int): input should be a valid list"),
        ("tasks.toy.forget", "2", "(str): input should be a valid list"),
        (f"{COLLECTION}.runs", True, "integer"),
        (f"{COLLECTION}.switch", 0.5, "(float): input should be a valid tuple"),
        (f"{DATASET}.path", ["a"], "(list): input should be a valid string"),
        (f"{MODEL}.training.permute", "maybe", "(str): input should be a valid boolean"),
        (f"{MODEL}.training.learning_rate", "fast", "(str): input should be a valid number"),
    ],
)
def test_wrong_type(path: str, value: object, allowed: str) -> None:
    message = refusal_of(changed(path, value))
    assert message.startswith(f"{path} is {value!r}")
    assert allowed in message


@pytest.mark.parametrize(
    ("path", "value", "allowed"),
    [
        ("seeds", [], "at least 1"),
        ("tasks", {}, "at least 1"),
        ("models", {}, "at least 1"),
        ("tasks.toy.classes", [0], "at least 2"),
        ("tasks.toy.pivots", [], "at least 1"),
        ("tasks.toy.forget", [], "at least 1"),
        ("tasks.toy.retrained", 1, "greater than or equal to 2"),
        ("tasks.toy.strangers.count", -1, "greater than or equal to 0"),
        ("tasks.toy.strangers.recipe.steps", 0, "greater than or equal to 1"),
        (f"{COLLECTION}.runs", 0, "greater than or equal to 1"),
        (f"{COLLECTION}.pivot_accuracy", 1.5, "less than or equal to 1"),
        (f"{COLLECTION}.switch", [0.1, 0.2, 0.3], "at most 2"),
        (f"{COLLECTION}.loss_levels", [], "at least 1"),
        (f"{DATASET}.test", 1.5, "less than"),
        (f"{MODEL}.training.unseen_runs", 0, "greater than 0"),
        (f"{MODEL}.training.learning_rate", float("nan"), "input should be"),
        (f"{MODEL}.training.learning_rate", float("inf"), "finite"),
        ("probe.prompts", 2, "greater than or equal to 3"),
        ("optimizers.updates", 0, "greater than or equal to 1"),
        ("optimizers.best", 0, "greater than 0"),
        ("optimizers.adam_learning_rates", [0.1, 0.2, 0.3, 0.4, 0.5], "at most 4"),
    ],
)
def test_out_of_bounds(path: str, value: object, allowed: str) -> None:
    message = refusal_of(changed(path, value))
    assert message.startswith(f"{path} is {value!r}")
    assert allowed in message


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("protocol", "theses", "allowed are validation, thesis; did you mean 'thesis'?"),
        (
            f"{DATASET}.source",
            "digit",
            "allowed are digits, grouped-digits, torchvision, openml, npz, function; did you mean 'digits'?",
        ),
        (f"{COLLECTION}.review_schedule", "end", "allowed are uniform, early, ends; did you mean 'ends'?"),
        (f"{COLLECTION}.admission", 3, "allowed are bins, relaxed"),
        ("tasks.toy.recipe.optimizer", "adm", "allowed are sgd, adam; did you mean 'adam'?"),
        (
            "tasks.toy.recipe.initialisation",
            "kaming",
            "allowed are uniform, kaiming, xavier; did you mean 'kaiming'?",
        ),
        (f"{MODEL}.process", "dpm", "allowed are ddpm, flow; did you mean 'ddpm'?"),
        ("models.gpt.metric", "accuracies", "allowed are loss, error, accuracy; did you mean 'accuracy'?"),
        ("selection.rule", True, "allowed are lowest-forget, highest-retain, retrained-level"),
    ],
)
def test_choices(path: str, value: object, sentence: str) -> None:
    assert refusal_of(changed(path, value)) == f"{path} is {value!r}; {sentence}"


def test_unknown_names_of_models_rivals_and_tasks() -> None:
    message = refusal_of(changed("models.dihyfo-3", {}))
    assert message.startswith("models.dihyfo-3.conditioning is missing, and the name 'dihyfo-3' is none itself")
    assert message.endswith("allowed are gpt, dihyfo-1, dihyfo-2; did you mean 'dihyfo-2'?")
    for taken in ("dihyfo-1-edit", "retrained", "bias", "bias-strangers"):
        message = refusal_of(changed(f"models.{taken}", {"conditioning": "dihyfo-2"}))
        assert f"the name {taken!r} belongs to another method" in message
    known = f"allowed are {', '.join(RIVALS)}; did you mean 'nearest'?"
    assert refusal_of(changed("rivals", ["bias", "nearst"])) == f"rivals.1 is 'nearst'; {known}"
    assert refusal_of(changed("tasks.My_task", {})).startswith("tasks.My_task is 'My_task' (str): ")


@pytest.mark.parametrize("key", ["classes", "pivots", "forget"])
def test_a_missing_key_is_named_with_its_meaning(key: str) -> None:
    task = {name: value for name, value in VALUES["tasks"]["toy"].items() if name != key}
    message = refusal_of({"tasks": {"toy": task}})
    assert message.startswith(f"the key 'tasks.toy.{key}' is missing; ")
    assert message.endswith(str(TaskConfig.model_fields[key].description))


def test_an_empty_configuration() -> None:
    assert refusal_of({}).startswith("the key 'tasks' is missing; ")


@pytest.mark.parametrize("key", ["forget", "holdout"])
@pytest.mark.parametrize(
    ("text", "fault", "nearest"),
    [
        ("3-2", "is not sorted or repeats a class", "write '2-3'"),
        ("2-2", "is not sorted or repeats a class", "write '2'"),
        ("2-7", "class 7 is not one of the task's classes 0 to 3", "the nearest is '2-3'"),
        ("0-1-2-3", "has all 4 classes", "the nearest is '1-2-3'"),
        ("two", "is no list of class labels", "e.g. '2-3'"),
    ],
)
def test_forget_sets(key: str, text: str, fault: str, nearest: str) -> None:
    message = refusal_of(changed(f"tasks.toy.{key}", [text]))
    assert re.match(f"tasks.toy.{key}: the forget set {text!r}:? {re.escape(fault)}", message)
    assert "the task's classes 0 to 3" in message
    assert message.endswith(nearest)


def test_a_forget_set_stands_in_one_place() -> None:
    message = refusal_of(changed("tasks.toy.forget", ["2", "3"]))
    assert message.startswith("tasks.toy: the forget set '3' is under forget and under holdout")


def test_a_set_is_left_that_runs_may_delete() -> None:
    values = changed("tasks.toy.holdout", ["2", "3", "2-3"])
    values["tasks"]["toy"] |= {"forget": ["0"], "allow_pivots": True}
    message = refusal_of(values)
    assert message.startswith("tasks.toy.holdout is ['2', '3', '2-3'], every set of the classes that are no")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tasks.toy.forget", ["2", "2"]),
        ("rivals", ["bias", "bias"]),
        ("trade_off.forget", [0.1, 0.1]),
        ("seeds", [3, 3]),
        ("optimizers.adam_learning_rates", [0.5, 0.5]),
    ],
)
def test_nothing_is_listed_twice(key: str, value: list[object]) -> None:
    message = refusal_of(changed(key, value))
    assert message.startswith(key)
    assert repr(value[0]) in message


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("tasks.toy.classes", [0, 0, 1, 3], "has 0 twice; allowed is each once: [0, 1, 3]"),
        ("tasks.toy.classes", [0, 1, -3], "has -3; allowed are labels from 0 on, the nearest is 0"),
        (
            "tasks.toy.pivots",
            [0, 7],
            "has 7, which is not one of the task's classes; allowed are 0 to 3, the nearest is 3",
        ),
        (
            "tasks.toy.pivots",
            [-1],
            "has -1, which is not one of the task's classes; allowed are 0 to 3, the nearest is 0",
        ),
        ("tasks.toy.pivots", [0, 1, 2, 3], "has all classes, [0, 1, 2, 3]; at least one must be left"),
        (f"{COLLECTION}.switch", [0.8, 0.2], "is [0.8, 0.2]; allowed is a range in ascending order: [0.2, "),
        (f"{COLLECTION}.learning_rates", [2, 1], "is [2.0, 1.0]; allowed is a range in ascending order: [1"),
        (f"{COLLECTION}.loss_levels", [1, 0.5], "is [1.0, 0.5]; allowed are ascending bounds: [0.5, 1.0]"),
        (f"{COLLECTION}.loss_levels", [1, 1], "is [1.0, 1.0]; allowed are ascending bounds: [1.0]"),
        (f"{COLLECTION}.shards", 5000, "is 5000, more than its 4000 runs; allowed are 1 to 4000"),
        (f"{COLLECTION}.minimum_runs", 5000, "is 5000, more than its 4000 runs; allowed are 1 to 4000"),
        (f"{COLLECTION}.reviews", 2000, "is 2000, more than its 1500 steps; allowed are 1 to 1500"),
        (f"{MODEL}.architecture.heads", 5, "is 5, which does not divide the width 128; the nearest that "),
        ("probe.range", [0.9, 0.1], "is [0.9, 0.1]; allowed is a range in ascending order: [0.1, 0.9]"),
    ],
)
def test_keys_that_do_not_fit_each_other(path: str, value: object, sentence: str) -> None:
    assert refusal_of(changed(path, value)).startswith(f"{path} {sentence}")


@pytest.mark.parametrize(
    ("section", "optimizer", "rate", "usual", "suggested"),
    [
        ("recipe", "adam", 0.1, "sgd", 0.001),
        ("strangers.recipe", "sgd", 0.001, "adam", 0.1),
    ],
)
def test_another_optimizer_needs_a_learning_rate_of_its_own(
    section: str, optimizer: str, rate: float, usual: str, suggested: float
) -> None:
    path = f"tasks.toy.{section}"
    assert refusal_of(changed(f"{path}.optimizer", optimizer)) == (
        f"{path}.learning_rate is {rate} by default, which suits {usual!r} and not {optimizer!r}; "
        f"allowed is one that you name, such as {suggested}"
    )
    load_config(changed(path, {"optimizer": optimizer, "learning_rate": rate}))


def test_recipes_of_the_collection_are_checked_one_by_one() -> None:
    path = f"{COLLECTION}.recipes"
    message = refusal_of(changed(path, [{}, {"optimizer": "adam"}]))
    assert message.startswith(f"{path}.1.learning_rate is 0.1 by default")
    message = refusal_of(changed(path, [{"optimiser": "adam"}]))
    assert message.startswith(f"unknown key '{path}.0.optimiser' (value 'adam'); allowed here are optimizer")
    adam = {"optimizer": "adam", "learning_rate": 0.01, "momentum": 0.9}
    assert refusal_of(changed(path, [adam])) == (
        f"{path}.0.momentum is 0.9, which the optimizer 'adam' does not have; allowed is 0, or the optimizer 'sgd'"
    )


def test_recipes_of_collection_and_strangers_share_what_they_leave_open_with_the_task() -> None:
    values = changed("tasks.toy.recipe", {"steps": 70, "batch_size": 20, "share": 0.25, "weight_decay": 0.5})
    task = load_config(values).tasks["toy"]
    assert task.recipes_of(task.collection) == [task.recipe]
    stranger = {"optimizer": "adam", "initialisation": "kaiming", "learning_rate": 0.001, "weight_decay": 0.0}
    shared = {"steps": 70, "batch_size": 20, "share": 0.25, "momentum": 0.0, "precision": "auto"}
    assert task.recipe_of("strangers").model_dump() == stranger | shared | {"steps": 4000}
    values["tasks"]["toy"] |= {
        "strangers": {"recipe": {"steps": 90, "batch_size": 10}},
        "collection": {"recipes": [{}, stranger]},
    }
    task = load_config(values).tasks["toy"]
    assert task.recipe_of("strangers").model_dump() == stranger | shared | {"steps": 90, "batch_size": 10}
    first, second = task.recipes_of(task.collection)
    assert first == task.recipe.model_copy(update={"weight_decay": 0.01})
    assert second.model_dump() == stranger | shared


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        ({"kind": "recurrent"}, "tasks.toy.network.kind is 'recurrent'; allowed are perceptron, convolutional"),
        ({"kind": "convolutionl"}, "did you mean 'convolutional'?"),
        ({"kind": "convolutional"}, "the kind 'convolutional' needs 'channels', a list of at least one number"),
        ({"channels": [4]}, "channels is no key of the kind 'perceptron'; allowed is 'hidden'"),
        ({"kind": "convolutional", "hidden": [4]}, "hidden is no key of the kind 'convolutional'"),
        ({"kind": "convolutional", "channels": [4], "kernel": 4}, "kernel is 4; allowed are odd numbers, the nearest"),
        ({"kind": "convolutional", "channels": [4], "kernel": 9}, "tasks.toy.network.kernel is 9, larger than images"),
        ({"kind": "convolutional", "channels": [0]}, "tasks.toy.network.channels.0 is 0"),
    ],
)
def test_networks_that_cannot_be(network: dict[str, Any], sentence: str) -> None:
    values = changed(DATASET, {"source": "digits"})
    values["tasks"]["toy"] |= {"hidden": [], "network": network}
    assert sentence in refusal_of(values)


def test_a_main_network_is_told_once() -> None:
    values = changed("tasks.toy.network", {"hidden": [4, 3]})
    assert refusal_of(values) == "tasks.toy: a main network is told by either 'hidden' or 'network', and both are there"
    del values["tasks"]["toy"]["hidden"]
    assert load_config(values).tasks["toy"].main_network.hidden == [4, 3]
    del values["tasks"]["toy"]["network"]
    assert refusal_of(values).endswith("told by either 'hidden' or 'network', and neither is there")


@pytest.mark.parametrize(
    ("dataset", "sentence"),
    [
        ({"source": "digits", "resize": 3}, "tasks.toy.dataset.resize is 3, but images are of 8 x 8 pixels"),
        ({"source": "torchvision", "resize": 15}, "allowed are divisors of 28, the nearest is 14"),
    ],
)
def test_images_are_averaged_down_by_whole_numbers(dataset: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal_of(changed(DATASET, dataset))


@pytest.mark.parametrize("key", ["test", "validation"])
@pytest.mark.parametrize("value", [0, 1])
def test_no_split_is_empty(key: str, value: int) -> None:
    assert refusal_of(changed(f"{DATASET}.{key}", value)).startswith(f"{DATASET}.{key} is {value!r}")


def test_the_file_of_an_npz_source_must_be_there(tmp_path: Path) -> None:
    path = str(tmp_path / "absent.npz")
    message = refusal_of(changed(DATASET, {"source": "npz", "path": path}))
    assert message == f"{DATASET}.path is {path!r}, which is no file; allowed is an .npz file"
    assert "is None, which is no file" in refusal_of(changed(DATASET, {"source": "npz"}))


def test_the_folder_of_a_torchvision_source_must_be_there_unless_it_is_downloaded(tmp_path: Path) -> None:
    (tmp_path / "FashionMNIST").mkdir()
    source = {"source": "torchvision", "name": "MNIST", "root": str(tmp_path), "download": False}
    message = refusal_of(changed(DATASET, source))
    assert message.startswith(f"{DATASET}.root is {str(tmp_path)!r}, which has no folder 'MNIST'")
    assert "FashionMNIST" in message
    load_config(changed(DATASET, source | {"download": True}))
    load_config(changed(DATASET, source | {"name": "FashionMNIST"}))


def test_torchvision_sets_of_other_families_have_folders_of_other_names(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    source = {"source": "torchvision", "name": "CIFAR10", "root": str(tmp_path), "download": False}
    assert load_config(changed(DATASET, source)).tasks["toy"].dataset.name == "CIFAR10"
    refusal_of(changed(DATASET, source | {"root": str(tmp_path / "absent")}))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mnist", "did you mean 'MNIST'?"),
        ("EMNIST", "whose parts torchvision chooses by a 'split' of its own"),
        ("ImageNet", "which is no set of torchvision that is read here"),
    ],
)
@pytest.mark.parametrize("download", [True, False])
def test_a_torchvision_set_that_is_not_read_is_named_before_any_work(name: str, said: str, download: bool) -> None:
    message = refusal_of(changed(DATASET, {"source": "torchvision", "name": name, "download": download}))
    assert message.startswith(f"{DATASET}.name is {name!r}, ")
    assert said in message


def test_a_torchvision_set_of_loose_files(tmp_path: Path) -> None:
    source = {"source": "torchvision", "name": "USPS", "root": str(tmp_path), "download": False}
    assert "which has no file 'usps.bz2'" in refusal_of(changed(DATASET, source))
    (tmp_path / "usps.bz2").touch()
    load_config(changed(DATASET, source))


def test_sets_of_openml_are_named_and_their_file_is_there_or_downloaded(tmp_path: Path) -> None:
    source = {"source": "openml", "name": "letters", "root": str(tmp_path), "download": False}
    assert "which has no file 'letters.npz'" in refusal_of(changed(DATASET, source))
    load_config(changed(DATASET, source | {"download": True}))
    (tmp_path / "letters.npz").touch()
    load_config(changed(DATASET, source))
    message = refusal_of(changed(DATASET, source | {"name": "letter"}))
    assert message.startswith(f"{DATASET}.name is 'letter', which is no set of OpenML that is read here")
    assert message.endswith("did you mean 'letters'?")
    # The default name is that of a set of torchvision.
    assert "MNIST" in refusal_of(changed(DATASET, {"source": "openml"}))


def test_numbers_of_yaml_are_taken_as_forget_sets() -> None:
    task = load_config(VALUES).tasks["toy"]
    assert VALUES["tasks"]["toy"]["forget"][0] == 2
    assert (task.forget, task.holdout) == (["2", "2-3"], ["3"])
    assert forget_set("2-3", task) == ForgetSet((2, 3))


@pytest.mark.parametrize("key", ["forget", "holdout"])
@pytest.mark.parametrize(("text", "pivot", "nearest"), [("1-2", 1, "2"), ("0-2-3", 0, "2-3"), ("0-1", 0, "2")])
def test_a_pivot_in_a_forget_set_is_refused(key: str, text: str, pivot: int, nearest: str) -> None:
    message = refusal_of(changed(f"tasks.toy.{key}", [text]))
    assert message == (
        f"tasks.toy.{key}: the forget set {text!r} has the pivot class {pivot}, which no hypernetwork learns to forget"
        f"; allowed are the free classes 2, 3, or any with the task's allow_pivots: true; the nearest is {nearest!r}"
    )


def test_a_pivot_in_a_forget_set_may_be_asked_for_and_warns() -> None:
    assert warnings(load_config(VALUES)) == []
    toy = VALUES["tasks"]["toy"] | {"allow_pivots": True}
    found = warnings(load_config({"tasks": {"toy": toy | {"forget": ["2", "1-2"]}}}))
    assert found == [
        "tasks.toy: the forget set '1-2' has the pivot class 1, which lies outside what the corpus covers; "
        "tasks.toy.allow_pivots is true, so the report's figures are measured for it all the same"
    ]
    assert len(warnings(load_config({"tasks": {"toy": toy | {"holdout": ["0-1"]}}}))) == 2


def test_defaults_of_the_models() -> None:
    config = load_config(VALUES)
    assert config.models == {"dihyfo-1": ModelConfig(), "dihyfo-2": ModelConfig()}
    assert list(map(str, config.all_methods)) == [
        "dihyfo-1",
        "dihyfo-1-edit",
        "dihyfo-2",
        "retrained",
        "nearest",
        "bias",
        "mask",
        "finetune",
    ]
    only = load_config(changed("models.dihyfo-2.architecture.width", 64) | {"rivals": []})
    assert list(only.models) == ["dihyfo-2"]
    assert list(map(str, only.all_methods)) == ["dihyfo-2", "retrained"]
    assert only.models["dihyfo-2"].architecture.width == 64
    assert only.models["dihyfo-2"].training == ModelConfig().training
    named = load_config(changed("models.by-layers.conditioning", "dihyfo-1") | {"rivals": []})
    assert list(map(str, named.all_methods)) == ["by-layers", "by-layers-edit", "retrained"]
    assert named.conditioning("by-layers") == "dihyfo-1"
    assert list(map(str, load_config(changed("models.gpt", {}) | {"rivals": []}).all_methods)) == ["retrained"]


def test_models_that_read_a_start_are_learned_optimizers() -> None:
    assert load_config(VALUES).learned_optimizers == ["dihyfo-1"]
    models = {"gpt": {}, "dihyfo-2": {}, "by-layers": {"conditioning": "dihyfo-1"}}
    assert load_config(VALUES | {"models": models}).learned_optimizers == ["gpt", "by-layers"]


def test_methods_that_start_from_a_trained_network_also_edit_strangers() -> None:
    config = load_config(VALUES)
    assert list(map(str, config.stranger_methods("toy"))) == [
        "dihyfo-1-edit-strangers",
        "bias-strangers",
    ]
    none = load_config(changed("tasks.toy.strangers.count", 0))
    assert none.stranger_methods("toy") == []
    assert none.all_methods == config.all_methods
    generated = load_config(changed("models.dihyfo-2", {}) | {"rivals": ["nearest"]})
    assert generated.stranger_methods("toy") == []


@pytest.mark.parametrize("conditioning", ["dihyfo-1", "dihyfo-2"])
@pytest.mark.parametrize(("key", "value", "allowed"), [("metric", "error", "'loss'"), ("metric_class", 2, "None")])
def test_only_gpt_is_told_one_metric(conditioning: str, key: str, value: object, allowed: str) -> None:
    message = refusal_of(changed(f"models.{conditioning}.{key}", value))
    assert message.startswith(f"models.{conditioning}.{key} is {value!r}, which only the conditioning 'gpt' takes")
    assert message.endswith(f"is {allowed}")
    named = changed("models.own", {"conditioning": conditioning, key: value})
    assert refusal_of(named).startswith(f"models.own.{key} is {value!r}")


@pytest.mark.parametrize(("label", "nearest"), [(-1, 0), (4, 3), (99, 3)])
def test_the_class_of_a_metric_is_one_of_every_task(label: int, nearest: int) -> None:
    message = refusal_of(changed("models.gpt.metric_class", label))
    assert message == (
        f"models.gpt.metric_class is {label}, which is no class of tasks.toy; allowed are 0 to 3, "
        f"the nearest is {nearest}"
    )
    for allowed in range(4):
        load_config(changed("models.gpt.metric_class", allowed))


def test_models_are_told_each_loss_or_one_metric() -> None:
    values = changed("models.gpt", {})
    values["models"] |= {
        "error": {"conditioning": "gpt", "metric": "error"},
        "third": {"conditioning": "gpt", "metric": "accuracy", "metric_class": 2},
        "dihyfo-1": {"metric": "loss", "metric_class": None},
        "dihyfo-2": {"told": ["loss"]},
    }
    config = load_config(values)
    assert {name: config.performance(name) for name in config.models} == {
        "gpt": Performance("loss", "mean"),
        "error": Performance("error", "mean"),
        "third": Performance("accuracy", 2),
        "dihyfo-1": Performance("loss", "each", also=("discriminability", "separability")),
        "dihyfo-2": Performance("loss", "each"),
    }
    assert {"gpt", "error"}.isdisjoint(map(str, config.all_methods))


def test_setting_one_key_of_editing_leaves_the_others_at_their_defaults() -> None:
    editing = load_config(changed(f"{MODEL}.editing.stochasticity", 0.5)).models["dihyfo-1"].editing
    default = ModelConfig().editing
    kept = (editing.steps, editing.candidates, editing.rounds)
    assert kept == (default.steps, default.candidates, default.rounds)


def test_a_loaded_configuration_dumps_and_loads_unchanged_and_cannot_be_altered() -> None:
    config = load_config(VALUES)
    assert load_config(config.model_dump(mode="json")) == config
    with pytest.raises(ValueError, match="frozen"):
        config.seeds = [1]  # type: ignore[misc]


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_configurations_of_the_repository_load(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config = load_config(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert warnings(config) == []


def test_the_default_run_has_the_tasks_of_the_thesis_on_embedded_digits() -> None:
    config = load_config(yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8")))
    small, large = config.tasks["digits-4"], config.tasks["digits"]
    assert (small.hidden, small.pivots, small.forget, small.holdout) == ([2], [0, 1], ["2", "2-3"], ["3"])
    assert (large.hidden, large.pivots) == ([7], [5, 6, 7, 8, 9])
    assert (large.forget, large.holdout) == (
        ["2", "2-3-4", "0-1-2-3-4"],
        ["0-4", "1-2-3", "1-4", "0-2-3", "0-1-4", "0-1-3-4"],
    )
    assert list(map(str, config.all_methods)) == [
        "dihyfo-1",
        "dihyfo-1-edit",
        "dihyfo-2",
        "retrained",
        "nearest",
        "bias",
        "mask",
        "finetune",
    ]


def test_only_models_that_read_a_start_sample_in_several_rounds() -> None:
    assert load_config(changed("models.dihyfo-1.sampling.rounds", 2)).models["dihyfo-1"].sampling.rounds == 2
    message = refusal_of(changed("models.dihyfo-2.sampling.rounds", 2))
    assert message.startswith("models.dihyfo-2.sampling.rounds is 2, but 'dihyfo-2' reads no start")
