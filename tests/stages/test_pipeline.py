"""What the stages write when run in sequence on a tiny setting, and that it is the same each time."""

import csv
import json
from pathlib import Path
from statistics import median

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from hyperforget.collection.checkpoints import load_corpus, load_outcomes
from hyperforget.config import SelectionConfig
from hyperforget.config.methods import NEAREST, RETRAINED, STRANGERS
from hyperforget.config.performance import Performance
from hyperforget.data.splits import load_task_data
from hyperforget.metrics.registry import METRICS, Metric
from hyperforget.records.files import read_rows
from hyperforget.records.trade_off import TradeOffRow
from hyperforget.report.results import Metrics
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.candidates import class_accuracies, load_candidates
from hyperforget.unlearning.request import load_request
from hyperforget.unlearning.selection import Wanted, choose
from tests.stages.tiny_pipeline import FORGET_SETS, METHODS, SETTINGS, TASK, jobs, run, settings, text_files

pytestmark = pytest.mark.pipeline

# The methods that ask a hypernetwork.
SWEPT = ["dihyfo-1", "dihyfo-1-edit", "dihyfo-2"]
EACH = [("0", "pivot"), ("1", "pivot"), ("2", "free"), ("3", "free")]
# Class and role of what each model is prompted with.
BOTH = [(metric, label, role) for metric in ("loss", "discriminability", "separability") for label, role in EACH]
PROMPTED = {"dihyfo-1": BOTH, "dihyfo-2": BOTH, "gpt": [("error", "all", "all")]}
CLASS_COLUMNS = "class,role,checkpoints,forgotten,never_seen,hidden,level,lowest,median,highest"
SET_COLUMNS = "forget,holdout,checkpoints,forgotten,hidden,in_state"
RECOVERY = {"shift", "auc", "probe", "relearn_10", "relearn_50"}
METRIC_COLUMNS = "task,method,forget,selection,set,metric,value,low,high,n,median_low,median_high"


def read(path: Path, columns: str) -> list[dict[str, str]]:
    """The rows of a CSV file with exactly these columns."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert ",".join(reader.fieldnames or []) == columns
    assert rows
    return rows


def selections(metric: Metric, method: str) -> list[str]:
    """Those that a method has rows of a metric for."""
    if metric.name == "usable_share":
        return ["population"]
    others = ["chosen-to-all"] * metric.paired if method != RETRAINED else ["selected"] * (metric.name not in RECOVERY)
    return ["chosen", "population", *others]


def test_metrics_hold_every_metric_of_every_method_on_its_sets(results: Path) -> None:
    rows = read(results / "metrics.csv", METRIC_COLUMNS)
    keys = [(row["method"], row["forget"], row["selection"], row["set"], row["metric"]) for row in rows]
    assert len(set(keys)) == len(keys)
    own = {
        (method, forget, selection, name, "largest")
        for method in METHODS
        for forget in FORGET_SETS
        for selection in ("chosen", "population")
        for name in ("forget", "retain")
    }
    assert set(keys) == own | {
        (method, forget, selection, name, metric.name)
        for method in METHODS
        for forget in FORGET_SETS
        for metric in METRICS.values()
        for selection in selections(metric, method)
        for name in metric.sets
    }
    assert {row["task"] for row in rows} == {TASK}
    sets = {"retain", "forget", "test", "retain-train", "forget-train", "choice"}
    assert {row["set"] for row in rows} == sets
    shares = {"accuracy", "overlap", "jsd", "mia", "mia_test", "usable_share"}
    shares |= RECOVERY
    assert set(METRICS) == shares | {"activation_distance", "phi"}
    for row in rows:
        value = float(row["value"])
        assert value == value
        alone = int(row["n"]) == 1 or row["metric"] == "usable_share"
        assert (row["low"] == "") == (row["high"] == "") == alone
        if row["metric"] in shares:
            assert 0 <= value <= 1
        bounded = row["metric"] == "accuracy" and row["set"] in ("retain", "forget")
        assert (row["median_low"] != "") == (row["median_high"] != "") == bounded
        if bounded:
            assert 0 <= float(row["median_low"]) <= value <= float(row["median_high"]) <= 1
        if row["low"]:
            assert float(row["low"]) <= value <= float(row["high"])


@pytest.mark.parametrize("forget", FORGET_SETS)
def test_usable_shares_follow_from_the_candidates(results: Path, forget: str) -> None:
    columns = "method,candidate,start,prompt,forget_accuracy,retain_accuracy,chosen"
    candidates = read(results / TASK / f"forget-{forget}-candidates.csv", columns)
    retained = [float(row["retain_accuracy"]) for row in candidates if row["method"] == RETRAINED]
    least = median(retained) - 0.05
    rows = read(results / TASK / f"forget-{forget}.csv", METRIC_COLUMNS)
    for method in METHODS:
        mine = [row for row in candidates if row["method"] == method]
        (prompt,) = [row["prompt"] for row in mine if row["chosen"] == "true"]
        beside = [row for row in mine if row["prompt"] == prompt]
        usable = [float(row["forget_accuracy"]) <= 0.01 and float(row["retain_accuracy"]) >= least for row in beside]
        (found,) = [row for row in rows if (row["method"], row["metric"]) == (method, "usable_share")]
        assert float(found["value"]) == sum(usable) / len(usable)
        assert int(found["n"]) == len(usable)


def test_metrics_are_the_parts_one_after_the_other(results: Path) -> None:
    gathered = read(results / "metrics.csv", METRIC_COLUMNS)
    parts = [read(results / TASK / f"forget-{forget}.csv", METRIC_COLUMNS) for forget in FORGET_SETS]
    assert gathered == [row for part in parts for row in part]


@pytest.mark.parametrize("forget", FORGET_SETS)
def test_handed_over_networks_have_the_accuracy_of_the_table(results: Path, forget: str) -> None:
    data = load_task_data(Store(results / "store"), results / TASK / "dataset.json")
    pixels = data.test.images * data.std + data.mean
    forgotten = torch.isin(data.test.labels, torch.tensor([int(label) for label in forget.split("-")]))
    rows = read(results / TASK / f"forget-{forget}.csv", METRIC_COLUMNS)
    for method in METHODS:
        path = results / TASK / method / f"forget-{forget}.safetensors"
        network = nn.Sequential(nn.Linear(64, 2), nn.ReLU(), nn.Linear(2, 4))
        network.load_state_dict(load_file(path))
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
        assert {
            "task": TASK,
            "method": method,
            "forget": forget,
            "sizes": "64-2-4",
        }.items() <= metadata.items()
        right = network((pixels - float(metadata["mean"])) / float(metadata["std"])).argmax(-1) == data.test.labels
        sets = {"retain": right[~forgotten], "forget": right[forgotten], "test": right}
        for name, correct in sets.items():
            keys = {"method": method, "selection": "chosen", "set": name, "metric": "accuracy"}
            (row,) = [row for row in rows if keys.items() <= row.items()]
            # Rounding can tip one image whose two highest logits are all but equal.
            assert float(row["value"]) == pytest.approx(float(correct.double().mean()), abs=1.01 / len(correct))


@pytest.mark.parametrize("forget", FORGET_SETS)
def test_candidates_name_every_network_and_the_chosen_one(results: Path, forget: str) -> None:
    rows = read(
        results / TASK / f"forget-{forget}-candidates.csv",
        "method,candidate,start,prompt,forget_accuracy,retain_accuracy,chosen",
    )
    counts = {"dihyfo-1": 8, "dihyfo-1-edit": 12, "dihyfo-2": 8, "retrained": 3, "bias": 2}
    counts |= {"mask": 2, "finetune": 2, "own": 2, "dihyfo-1-edit-strangers": 18, "bias-strangers": 3}
    assert {*counts, NEAREST} == set(METHODS)
    for method, count in counts.items():
        mine = [row for row in rows if row["method"] == method]
        assert [int(row["candidate"]) for row in mine] == list(range(count))
        assert {row["chosen"] for row in mine} == {"true", "false"}
        (chosen,) = [row for row in mine if row["chosen"] == "true"]
        assert all(0 <= float(row[name]) <= 1 for row in mine for name in ("forget_accuracy", "retain_accuracy"))
        prompted = method not in (RETRAINED, "bias", "mask", "finetune", "own", "bias-strangers")
        once = count // SETTINGS.models["dihyfo-1"].editing.rounds if "edit" in method else count
        prompts = [index % once * 2 // once if prompted else -1 for index in range(count)]
        assert [int(row["prompt"]) for row in mine] == prompts
        starts = once // 2 if prompted else once
        assert [int(row["start"]) for row in mine] == [index % starts for index in range(count)]
        if method == RETRAINED:
            assert all(float(row["forget_accuracy"]) <= 0.01 < float(row["retain_accuracy"]) for row in mine)
        if not prompted:
            assert int(chosen["candidate"]) == 0
            continue
        # Whoever edits has one network, the first original; all others choose among all.
        eligible = [row for row in mine if "edit" not in method or row["start"] == "0"]
        key = ("forget_accuracy", "retain_accuracy")
        best = min((float(row[key[0]]), -float(row[key[1]])) for row in eligible)
        assert (float(chosen[key[0]]), -float(chosen[key[1]])) == best
        assert chosen in eligible


@pytest.mark.parametrize("forget", FORGET_SETS)
def test_looking_up_hands_over_the_best_checkpoint_of_the_whole_corpus(results: Path, forget: str) -> None:
    store = Store(results / "store")
    dataset, corpus = results / TASK / "dataset.json", results / TASK / "corpus.json"
    request = load_request(store, dataset, forget, SETTINGS.protocol, torch.device("cpu"))
    sizes = request.split.class_sizes
    outcomes = load_outcomes(store, corpus, sizes)
    stored = load_candidates(store, results / TASK / NEAREST / f"forget-{forget}.json")
    forgotten, retained = class_accuracies(outcomes, sizes, request.forget)
    best = min(zip(forgotten.tolist(), (-retained).tolist(), strict=True))
    of_offered = class_accuracies(stored.candidates, sizes, request.forget)
    assert (float(of_offered[0][stored.chosen]), -float(of_offered[1][stored.chosen])) == best
    # What the corpus stores of a checkpoint is what its parameters do.
    taken = load_corpus(store, corpus, Performance(), sizes).checkpoints()[stored.candidates.start]
    assert torch.equal(stored.candidates.networks.params, taken)
    assert torch.equal(stored.candidates.correct, outcomes.correct[stored.candidates.start])
    # The four nearest to each of two prompts, and the chosen one where it is none of them.
    assert stored.candidates.prompt[:8].tolist() == [0] * 4 + [1] * 4
    assert len(stored.population) == len(stored.candidates.prompt) <= 9


@pytest.mark.parametrize("forget", FORGET_SETS)
def test_the_population_of_an_edit_is_one_chosen_network_for_each_start(results: Path, forget: str) -> None:
    counts = {"dihyfo-1": 8, "dihyfo-1-edit": 2, "dihyfo-2": 8, "retrained": 3, "bias": 2}
    counts |= {"dihyfo-1-edit-strangers": 3, "bias-strangers": 3}
    rows = read(results / TASK / f"forget-{forget}.csv", METRIC_COLUMNS)
    dataset = results / TASK / "dataset.json"
    request = load_request(Store(results / "store"), dataset, forget, SETTINGS.protocol, torch.device("cpu"))
    sizes = request.split.class_sizes
    outcomes = load_outcomes(Store(results / "store"), results / TASK / "corpus.json", sizes)
    wanted = Wanted.of(outcomes, request.forget, SelectionConfig())
    for method, count in counts.items():
        keys = {"method": method, "selection": "population", "set": "retain", "metric": "accuracy"}
        (row,) = [row for row in rows if keys.items() <= row.items()]
        assert int(row["n"]) == count
        stored = load_candidates(Store(results / "store"), results / TASK / method / f"forget-{forget}.json")
        assert stored.chosen in stored.population
        if "edit" in method:
            assert stored.population == [
                choose(stored.candidates, wanted, SETTINGS.selection, stored.candidates.start == start)
                for start in range(count)
            ]


@pytest.mark.parametrize("method", SWEPT)
def test_sweeps_have_a_row_for_each_evaluated_forget_set_and_quantile(results: Path, method: str) -> None:
    columns = "forget,quantile,forget_accuracy,retain_accuracy,shift,auc,networks"
    rows = read(results / TASK / method / "trade-off.csv", columns)
    # Not for the set that no configuration names.
    expected = [(forget, quantile) for forget in ("2", "3") for quantile in SETTINGS.trade_off.forget]
    assert [(row["forget"], float(row["quantile"])) for row in rows] == expected
    # There are two originals, fewer than the setting allows.
    assert {int(row["networks"]) for row in rows} == {2 if method == "dihyfo-1-edit" else 3}
    for row in rows:
        assert all(0 <= float(row[name]) <= 1 for name in columns.split(",")[2:-1])


@pytest.mark.parametrize("method", SWEPT)
@pytest.mark.parametrize("forget", ["2", "3"])
def test_a_sweep_of_one_forget_set_has_the_rows_that_this_set_has_among_others(
    copied: Path, method: str, forget: str
) -> None:
    path = copied / TASK / method / "trade-off.csv"
    among_others = [row for row in read_rows(path, TradeOffRow) if row.forget == forget]
    run(jobs(copied, settings(tasks={TASK: {"forget": [forget], "holdout": []}}))[f"sweep/{method}"])
    assert read_rows(path, TradeOffRow) == among_others


def test_a_sweep_at_the_prompts_own_quantiles_shows_the_population_of_the_metrics(copied: Path) -> None:
    # With one prompt in both, edits get the same noise and are chosen among the same.
    once = settings(prompts={"forget": [0.5]}, trade_off={"forget": [0.5]})
    every = jobs(copied, once)
    for name in ("edit/dihyfo-1/2", "evaluate/2", "sweep/dihyfo-1-edit"):
        run(every[name])
    row, _ = read_rows(copied / TASK / "dihyfo-1-edit" / "trade-off.csv", TradeOffRow)
    assert row.forget == "2"
    metrics = Metrics(copied / TASK / "forget-2.csv")
    found = {
        (metric, name): metrics.need(TASK, "dihyfo-1-edit", "2", "population", metric, name).value
        for metric, name in (("accuracy", "forget"), ("accuracy", "retain"), ("shift", "forget"), ("auc", "forget"))
    }
    assert list(found.values()) == [row.forget_accuracy, row.retain_accuracy, row.shift, row.auc]


def test_strangers_are_trained_by_a_recipe_of_their_own(results: Path) -> None:
    original, strangers = (
        load_candidates(Store(results / "store"), results / TASK / f"{name}.json").candidates.networks
        for name in ("original", "strangers")
    )
    assert (len(original.params), len(strangers.params)) == (2, 3)
    assert not torch.isclose(original.params, strangers.params[:2]).any(dim=1).all()
    # Lowering biases leaves all else as it was.
    for name, networks in (("bias", original), (f"bias-{STRANGERS}", strangers)):
        stored = load_candidates(Store(results / "store"), results / TASK / name / "forget-2.json")
        assert torch.equal(stored.candidates.networks.params[:, :-4], networks.params[:, :-4])


@pytest.mark.parametrize("forget", FORGET_SETS)
def test_confusion_counts_all_test_images(results: Path, forget: str) -> None:
    columns = "method,set,retrained,predicted,count"
    rows = read(results / TASK / f"forget-{forget}-confusion.csv", columns)
    labels = load_task_data(Store(results / "store"), results / TASK / "dataset.json").test.labels
    forgotten = torch.isin(labels, torch.tensor([int(label) for label in forget.split("-")]))
    images = {"retain": int((~forgotten).sum()), "test": len(labels)}
    for method in METHODS:
        for name, expected in images.items():
            mine = [row for row in rows if (row["method"], row["set"]) == (method, name)]
            cells = [(int(row["retrained"]), int(row["predicted"])) for row in mine]
            assert cells == [(row, column) for row in range(4) for column in range(4)]
            assert sum(int(row["count"]) for row in mine) == expected
            if method == RETRAINED:
                assert sum(int(row["count"]) for row in mine if row["retrained"] == row["predicted"]) == expected


@pytest.mark.parametrize("model", SETTINGS.models)
def test_learning_curves_and_alignment_cover_training(results: Path, model: str) -> None:
    folder = results / TASK / model
    history = read(folder / "history.csv", "step,train_mse,test_mse,learning_rate")
    assert [int(row["step"]) for row in history] == list(range(1, 31))
    alignment = read(folder / "alignment.csv", "step,starts,metric,class,role,r_squared,correlation")
    assert [(row["step"], row["starts"], row["metric"], row["class"], row["role"]) for row in alignment] == [
        (step, starts, metric, label, role)
        for step in ("15", "30")
        for starts in ("seen", "unseen")
        for metric, label, role in PROMPTED[model]
    ]
    prompts = read(folder / "prompts.csv", "starts,metric,class,role,network,target,observed")
    assert {row["starts"] for row in prompts} == {"seen", "unseen"}
    assert len(prompts) == 2 * len(PROMPTED[model]) * 2 * 3
    distribution = read(folder / "distribution.csv", "metric,class,role,values,low,high,share")
    assert {(row["metric"], row["class"], row["role"]) for row in distribution} == set(PROMPTED[model])
    assert {row["values"] for row in distribution} == {"train", "prompts"} | (
        {"rebalanced"} if model == "gpt" else set()
    )
    for row in prompts:
        assert 0 <= float(row["target"]) < 20
        assert float(row["observed"]) >= 0


def test_the_corpus_is_summarised(results: Path) -> None:
    folder = results / TASK
    token = read_token(folder / "corpus.json", kind="corpus").summary
    classes = read(folder / "corpus-classes.csv", CLASS_COLUMNS)
    assert [(row["class"], row["role"]) for row in classes] == [
        ("0", "pivot"),
        ("1", "pivot"),
        ("2", "free"),
        ("3", "free"),
    ]
    for row in classes:
        assert int(row["checkpoints"]) == token["checkpoints"]
        assert 0 <= int(row["forgotten"]) <= int(row["checkpoints"])
        assert 0 <= int(row["never_seen"]) <= int(row["forgotten"])
        assert 0 <= int(row["hidden"]) <= int(row["forgotten"])
        assert (row["level"] == "") == (row["never_seen"] == "0")
        assert row["role"] == "free" or row["never_seen"] == "0"
        assert float(row["lowest"]) <= float(row["median"]) <= float(row["highest"])
    sets = read(folder / "corpus-forget-sets.csv", SET_COLUMNS)
    assert [(row["forget"], row["holdout"]) for row in sets[:2]] == [("2", "false"), ("3", "true")]
    assert all(0 <= int(row["hidden"]) <= int(row["forgotten"]) <= int(row["checkpoints"]) for row in sets)
    bins = read(folder / "corpus-bins.csv", "class,low,high,cap,admitted,rejected")
    for label in ("2", "3"):
        mine = [row for row in bins if row["class"] == label]
        assert [row["low"] for row in mine[1:]] == [row["high"] for row in mine[:-1]]
        assert mine[-1]["high"] == ""
        assert sum(int(row["admitted"]) for row in mine) == token["checkpoints"]
        assert sum(int(row["admitted"]) + int(row["rejected"]) for row in mine) == (
            token["reviewed"] - token["pivots_rejected"] - token["holdout_rejected"]
        )
    assert token["runs"] == 40
    assert token["runs_with_checkpoints"] <= 40


def test_a_held_out_set_has_no_checkpoints_of_its_own(results: Path) -> None:
    sets = read(results / TASK / "corpus-forget-sets.csv", SET_COLUMNS)
    (row,) = [row for row in sets if row["holdout"] == "true"]
    assert (row["forget"], row["checkpoints"], row["in_state"]) == ("3", "0", "0")


def test_tokens_name_objects_and_no_places(results: Path) -> None:
    # Generators have a description, which is no token.
    tokens = [path for path in (results / TASK).rglob("*.json") if path.parent.name != "generator"]
    assert len(tokens) == 1 + 2 + 1 + 2 + len(SETTINGS.models) + len(FORGET_SETS) * len(METHODS)
    for path in tokens:
        content = json.loads(path.read_bytes())
        assert set(content) == {"kind", "object_id", "summary"}
        assert content["summary"]["task"] == TASK
        assert Store(results / "store").object_folder(content["object_id"]).is_dir()
        assert str(results) not in path.read_text()


def test_everything_is_the_same_when_made_again_elsewhere(results: Path, again: Path) -> None:
    # What requests take is measured anew.
    made, anew = (
        {path: text for path, text in text_files(each).items() if not path.endswith("requests.csv")}
        for each in (results, again)
    )
    assert len(made) > len(jobs(results))
    assert anew == made


@pytest.mark.parametrize("name", ["train_hypernet/dihyfo-1", "sample/dihyfo-1/2", "evaluate/2", "assemble_corpus"])
def test_a_stage_run_again_in_place_changes_nothing(copied: Path, name: str) -> None:
    before = text_files(copied)
    run(jobs(copied)[name])
    assert text_files(copied) == before
