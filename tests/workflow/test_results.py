"""What a finished run leaves behind (reduced configuration)."""

import csv
import json
import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from tests.checkouts import Checkout

pytestmark = [pytest.mark.workflow, pytest.mark.smoke]

METHODS = ["dihyfo-1", "dihyfo-1-edit", "dihyfo-2", "retrained", "nearest", "bias", "mask", "finetune"]
METHODS += ["dihyfo-1-edit-strangers", "bias-strangers"]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_metrics_are_complete(finished: Checkout) -> None:
    rows = read(finished.folder / "results/metrics.csv")
    assert list(rows[0]) == [
        "task",
        "method",
        "forget",
        "selection",
        "set",
        "metric",
        "value",
        "low",
        "high",
        "n",
        "median_low",
        "median_high",
    ]
    accuracy = {
        (row["method"], row["forget"], row["set"])
        for row in rows
        if row["metric"] == "accuracy" and row["selection"] == "chosen"
    }
    sets = ("retain", "forget", "test", "retain-train", "forget-train")
    assert accuracy == {(m, f, s) for m in METHODS for f in ("2", "3") for s in sets}
    assert {row["metric"] for row in rows} == {
        "accuracy", "overlap", "activation_distance", "phi", "jsd", "mia", "mia_test", "usable_share",
        "shift", "auc", "probe", "relearn_10", "relearn_50",
    }  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_networks_open_without_our_code(finished: Checkout, method: str) -> None:
    path = finished.folder / f"results/digits-4/{method}/forget-2.safetensors"
    with safe_open(path, "pt") as file:
        tensors, about = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    network = torch.nn.Sequential(torch.nn.Linear(64, 2), torch.nn.ReLU(), torch.nn.Linear(2, 4))
    network.load_state_dict(tensors)
    assert about["task"] == "digits-4"
    assert about["method"] == method
    assert about["forget"] == "2"
    assert (about["sizes"], about["labels"]) == ("64-2-4", "0-1-2-3")
    assert float(about["std"]) > float(about["mean"]) > 0


def test_retrained_networks_do_not_know_the_forgotten_class(finished: Checkout) -> None:
    rows = read(finished.folder / "results/metrics.csv")
    values = [
        float(row["value"])
        for row in rows
        if (row["method"], row["metric"], row["set"]) == ("retrained", "accuracy", "forget")
    ]
    assert values == [0.0] * 6


def test_strangers_stand_in_a_table_of_their_own(finished: Checkout) -> None:
    rows = read(finished.folder / "results/tables/digits-4-strangers.csv")
    methods = ["retrained", "dihyfo-1-edit-strangers", "bias-strangers"]
    assert [(row["forget"], row["method"]) for row in rows] == [(f, m) for f in ("2", "3") for m in methods]
    elsewhere = [path for path in (finished.folder / "results/tables").iterdir() if "-strangers" not in path.name]
    assert len(elsewhere) == 24  # four forms of six tables: CSV, HTML, LaTeX and its float
    assert not any("strangers" in path.read_text() for path in elsewhere)


def test_report_stands_alone(finished: Checkout) -> None:
    page = (finished.folder / "results/report.html").read_text()
    assert page.count("<svg") >= 10
    assert not re.search(r"(?:src|href)=[\"']https?:", page)
    assert "digits-4" in page
    assert "not as a stage recorded them" not in page


def test_no_job_took_more_memory_than_its_rule_states(finished: Checkout) -> None:
    planned = finished.dry_run("-n", "--forceall", "results/report.html", "--configfile", "tests/smoke/config.yaml")
    rules = re.findall(r"^(?:local)?rule (\w+):\n.*?mem_mb=(\d+)", planned.stdout, re.DOTALL | re.MULTILINE)
    # Figures have a rule a task.
    stated = {re.sub(r"^(build_figures)_.*", r"\1", rule): int(memory) for rule, memory in rules}
    folder, taken = finished.folder / "results/benchmarks", dict[str, float]()
    for path in folder.rglob("*.jsonl"):
        rule = path.relative_to(folder).with_suffix("").parts[0]
        for line in path.read_text().splitlines():
            # Of a job that is over before anybody looks at it, nothing is known.
            if isinstance(peak := json.loads(line)["max_rss"], float):
                taken[rule] = max(taken.get(rule, 0.0), peak)
    assert len(taken) > 10
    assert {rule: (peak, stated[rule]) for rule, peak in taken.items() if peak > stated[rule]} == {}
