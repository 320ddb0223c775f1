"""What reruns after a change: exactly what depends on it (on a finished run of the reduced configuration)."""

import json

import pytest

from tests.checkouts import Checkout

pytestmark = [pytest.mark.workflow, pytest.mark.smoke]

REDUCED = ("--configfile", "tests/smoke/config.yaml")
TARGET = ("results/report.html", *REDUCED)
ENDS = {
    "evaluate": 2,
    "export_generator": 2,
    "gather_metrics": 1,
    "build_tables": 1,
    "build_figures_digits_4": 1,
    "build_report": 1,
}
# Requests to what has changed are timed again; networks on strangers, and measurements, cost nothing there.
COSTS = {"measure_requests": 1, "gather_costs": 1}


def with_config(*changes: str) -> list[str]:
    return [*TARGET, "--config", *changes]


def test_second_run_has_nothing_to_do(finished: Checkout) -> None:
    assert finished.planned(*TARGET) == {}


def test_another_checkout_that_shares_the_store_restores_what_it_knows(finished: Checkout, another: Checkout) -> None:
    token = "results/digits-4/dihyfo-1/hypernet.json"
    shared = finished.folder / "results" / "store"
    printed = another.snakemake(token, *REDUCED, "--config", f"store={shared}")
    assert printed.returncode == 0, printed.stdout[-5000:]
    assert (another.folder / token).read_bytes() == (finished.folder / token).read_bytes()
    logs = list((another.folder / "results" / "logs").rglob("*.log"))
    assert len(logs) >= 4
    assert all("known result" in log.read_text() for log in logs)


def test_sampling_setting_does_not_train(finished: Checkout) -> None:
    planned = finished.planned(*with_config("models={dihyfo-2: {sampling: {steps: 7}}}"))
    assert planned == ENDS | COSTS | {"sample_unlearned": 2, "sweep_unlearned": 1, "probe_hypernet": 1}


def test_one_models_training_leaves_the_other_alone(finished: Checkout) -> None:
    planned = finished.planned(*with_config("models={dihyfo-2: {training: {learning_rate: 0.002}}}"))
    trained = {"train_hypernet": 1, "probe_hypernet": 1, "sample_unlearned": 2, "sweep_unlearned": 1}
    assert planned == ENDS | COSTS | trained


def test_measuring_a_model_in_another_metric_trains_it_alone(finished: Checkout) -> None:
    planned = finished.planned(*with_config("models={gpt-error: {metric: accuracy}}"))
    report = {"build_figures_digits_4": 1, "build_report": 1}
    assert planned == report | COSTS | {"train_hypernet": 1, "probe_hypernet": 1, "compare_optimizers": 1}


def test_selection_samples_again_but_trains_nothing(finished: Checkout) -> None:
    planned = finished.planned(*with_config("selection={rule: highest-retain}"))
    sampled = {"sample_unlearned": 4, "sample_edited": 4, "sweep_edited": 1, "look_up_checkpoints": 2}
    assert planned == ENDS | COSTS | sampled


def test_the_recipe_of_strangers_concerns_them_alone(finished: Checkout) -> None:
    planned = finished.planned(*with_config("tasks={digits-4: {strangers: {recipe: {weight_decay: 0.1}}}}"))
    assert planned == ENDS | {"train_strangers": 1, "sample_edited": 2, "edit_quickly": 2}


def test_swapped_values_are_noticed(finished: Checkout) -> None:
    planned = finished.planned(*with_config("models={dihyfo-1: {editing: {steps: 2, candidates: 1}}}"))
    assert planned == ENDS | COSTS | {"sample_edited": 4, "sweep_edited": 1}
    # Requests to a generator are for one network, so what is timed of them stays.
    swapped = finished.planned(*with_config("models={dihyfo-1: {editing: {steps: 1, candidates: 2}}}"))
    assert swapped == ENDS | {"sample_edited": 4, "sweep_edited": 1}


def test_other_prompts_of_the_sweep_concern_the_figures_alone(finished: Checkout) -> None:
    planned = finished.planned(*with_config("trade_off={forget: [0.5]}"))
    report = {"build_figures_digits_4": 1, "build_report": 1}
    assert planned == report | {"sweep_unlearned": 2, "sweep_edited": 1}


@pytest.mark.parametrize(
    "hardware",
    ["{save_every: 60}", "{device: cpu}", "{processes: 2, micro_batches: 2}", "{deterministic: true}"],
)
def test_what_jobs_compute_on_plans_nothing(finished: Checkout, hardware: str) -> None:
    assert finished.planned(*with_config(f"hardware={hardware}")) == {}


def test_more_shards_of_the_same_size_keep_those_that_are_there(finished: Checkout) -> None:
    planned = finished.planned(*with_config("tasks={digits-4: {collection: {runs: 450, shards: 3}}}"))
    assert planned["collect_checkpoints"] == 1
    assert planned["assemble_corpus"] == 1


def test_a_new_forget_set_trains_no_hypernetwork(finished: Checkout) -> None:
    planned = finished.planned("results/digits-4/forget-2-3.csv", *REDUCED)
    assert planned == {
        "train_retrained": 1,
        "sample_unlearned": 2,
        "sample_edited": 2,
        "look_up_checkpoints": 1,
        "edit_original": 1,
        "edit_quickly": 1,
        "evaluate": 1,
    }


@pytest.mark.parametrize(
    ("path", "old", "new", "planned"),
    [
        ("hyperforget/networks/training.py", "import torch\n", "import torch  # a comment\n", {}),
        (
            "hyperforget/networks/layout.py",
            '"""What a kind of main network owes',
            '"""What every kind of main network owes',
            {},
        ),
        (
            "hyperforget/unlearning/rivals/bias.py",
            "_MARGIN = 1e-3",
            "_MARGIN = 2e-3",
            ENDS | COSTS | {"edit_original": 2, "edit_quickly": 2},
        ),
        (
            "hyperforget/hypernet/sampling.py",
            "_NETWORKS_AT_ONCE = 256",
            "_NETWORKS_AT_ONCE = 128",
            ENDS
            | COSTS
            | {"sample_unlearned": 4, "sample_edited": 4, "probe_hypernet": 4, "compare_optimizers": 3}
            | {"sweep_unlearned": 2, "sweep_edited": 1},
        ),
        (
            "hyperforget/metrics/paired.py",
            "import torch\n",
            "import torch\n\nUNUSED = 1\n",
            ENDS,
        ),
    ],
)
def test_code_edits_rerun_the_stages_that_use_it(
    finished: Checkout, path: str, old: str, new: str, planned: dict[str, int]
) -> None:
    finished.edit(path, lambda text: text.replace(old, new, 1))
    try:
        assert finished.planned(*TARGET) == planned
    finally:
        finished.edit(path, lambda text: text.replace(new, old, 1))


def test_a_job_that_finds_a_damaged_object_says_which(finished: Checkout) -> None:
    token = json.loads((finished.folder / "results/digits-4/dihyfo-2/hypernet.json").read_text())
    object_id = token["object_id"]
    data = finished.folder / "results/store/objects" / object_id[:2] / object_id / "data.safetensors"
    content = data.read_bytes()
    data.chmod(0o644)
    data.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    # A forget set that was not sampled before, since a known result is restored without reading its inputs.
    sample = ("results/digits-4/dihyfo-2/forget-2-3.json", *REDUCED)
    try:
        assert finished.snakemake(*sample).returncode != 0
        log = (finished.folder / "results/logs/sample_unlearned/digits-4/dihyfo-2/forget-2-3.log").read_text()
        assert object_id in log
        assert "Traceback" not in log
    finally:
        data.write_bytes(content)
    assert finished.snakemake(*sample).returncode == 0
    assert finished.planned(*TARGET) == {}
