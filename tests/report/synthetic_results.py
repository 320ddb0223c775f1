"""A results folder as a run leaves it, made up from a seed, for the report's tests and for a look at it."""

import itertools
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hyperforget.config.methods import RETRAINED
from hyperforget.config.performance import Performance
from hyperforget.config.report_specs import FullSpec, FullTask
from hyperforget.records.costs import CostRow
from hyperforget.records.files import write_rows

METRIC_COLUMNS = ["task", "method", "forget", "selection", "set", "metric", "value", "low", "high", "n"]
STRANGER_METHODS = ["dihyfo-1-edit-strangers", "bias-strangers"]
TASKS: dict[str, dict[str, Any]] = {
    "digits": {
        "classes": [str(label) for label in range(10)],
        "pivots": ["5", "6", "7", "8", "9"],
        "forget": ["2", "2-3-4", "0-1-2-3-4"],
        "holdout": ["0-4", "1-2-3"],
        "corpora": {"corpus": ["dihyfo-1", "dihyfo-2"]},
        "stranger_methods": STRANGER_METHODS,
        "stranger_training": "kaiming initialisation, 9 steps of adam",
        "network": "MLP 64-7-10",
        "description": "Handwritten digits, 8 by 8 pixels, all ten classes.",
    },
    "digits-4": {
        "classes": ["0", "1", "2", "3"],
        "pivots": ["0", "1"],
        "forget": ["2", "2-3"],
        "holdout": ["3"],
        "corpora": {"corpus": ["dihyfo-1"], "corpus-ends": ["dihyfo-2"]},
        "stranger_methods": [],
        "stranger_training": "",
        "network": "MLP 64-2-4",
        "description": "Handwritten digits, 8 by 8 pixels, classes 0 to 3.",
    },
}
METHODS = ["dihyfo-1", "dihyfo-1-edit", "dihyfo-2", "retrained", "nearest", "bias"]
MODELS = ["dihyfo-1", "dihyfo-2"]
SPEC: dict[str, Any] = {
    "tasks": TASKS,
    "models": MODELS,
    "methods": METHODS,
    "learned_optimizers": ["dihyfo-1"],
    "protocol": "validation",
    "config": {"seed": 0, "tasks": {"digits": {"hidden": 7}, "digits-4": {"hidden": 2}}, "note": "a<b & c"},
}
# The part of it whose figures are drawn for tests; drawing takes most of their time.
BUILT_SPEC: dict[str, Any] = {
    **SPEC,
    "tasks": {"digits-4": TASKS["digits-4"], "digits": {**TASKS["digits"], "forget": ["2"]}},
    "models": ["dihyfo-1"],
    "methods": ["dihyfo-1", "retrained", "nearest"],
}
# Accuracy on retained classes by task, the chosen network's shortfall, its forget accuracy on held-out sets,
# and its activation distance to the retrained network.
_RETRAINED = {"digits": 0.96, "digits-4": 0.985, "mnist": 0.95, "mnist-4": 0.99}
_SHORTFALL = {"dihyfo-1": 0.02, "dihyfo-1-edit": 0.008, "dihyfo-2": 0.035, "nearest": 0.01, "bias": 0.004}
_LEFT_ON_HOLDOUT = {"nearest": 0.31}
# Test images of a class.
IMAGES = 45
# What a shift of biases brings back, and the AUC; of retrained networks, the central 95 % reach 0.06 further or more.
_BACK = {"bias": (0.9, 0.97), "nearest": (0.22, 0.85), "dihyfo-1-edit": (0.26, 0.87)}
_BACK_RETRAINED = (0.2, 0.85)
_DISTANCE = {
    "retrained": 0.16,
    "dihyfo-1": 0.21,
    "dihyfo-1-edit": 0.18,
    "dihyfo-2": 0.24,
    "nearest": 0.2,
    "bias": 0.37,
}


def as_spec(values: dict[str, Any]) -> FullSpec:
    """A spec like `SPEC` as the report's stages get it; tasks with fewer classes come first."""
    tasks = [
        FullTask.model_validate(
            {
                **task,
                "name": name,
                "corpora": [{"name": corpus, "models": models} for corpus, models in task["corpora"].items()],
            }
        )
        for name, task in values["tasks"].items()
    ]
    tasks.sort(key=lambda task: (len(task.classes), task.name))
    return FullSpec.model_validate({**values, "tasks": tasks})


def task_of(spec: FullSpec, name: str) -> FullTask:
    """The task of that name, with all that any stage is told of it."""
    return next(task for task in spec.tasks if task.name == name)


def make_results(folder: Path, spec: dict[str, Any] | None = None, seed: int = 0) -> Path:
    """Write everything that the report reads into ``folder`` and return it."""
    spec = spec or SPEC
    generator = np.random.default_rng(seed)
    metrics = []
    for name, task in spec["tasks"].items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for corpus in task["corpora"]:
            _corpus(folder / name, corpus, task, generator)
        for model in spec["models"]:
            told = Performance(**spec.get("performances", {}).get(model, {}))
            _training(folder / name / model, task, told, model in spec.get("rebalanced", ()), generator)
            if model in spec["learned_optimizers"]:
                _optimizers(folder / name / model)
        for forget in task["forget"] + task["holdout"]:
            methods = [*spec["methods"], *task["stranger_methods"]]
            metrics.append(_forget_set(folder / name, name, task, forget, methods, generator))
        for method in spec["methods"]:
            if method.removesuffix("-edit") in spec["models"]:
                _trade_off(folder / name / method, task, _RETRAINED[name] - _SHORTFALL.get(method, 0.01))
        _tokens(folder / name, task, spec)
    pd.concat(metrics).to_csv(folder / "metrics.csv", index=False)
    _benchmarks(folder, spec, generator)
    _costs(folder, spec)
    return folder


def _forget_set(
    folder: Path,
    name: str,
    task: dict[str, Any],
    forget: str,
    methods: Iterable[str],
    generator: np.random.Generator,
) -> pd.DataFrame:
    rows, candidates, confusion = [], [], []
    held_out = forget in task["holdout"]
    retrained = _RETRAINED[name] + 0.005 * forget.count("-")
    asked = IMAGES * (forget.count("-") + 1)

    def add(method: str, set_: str, metric: str, value: float, spread: float, n: int) -> None:
        wide = abs(generator.normal(0, spread)) + spread
        rows.append([name, method, forget, "chosen", set_, metric, value, None, None, 1])
        interval = (value - wide, min(value + wide, 1.0)) if n > 1 else (None, None)
        rows.append(
            [
                name,
                method,
                forget,
                "population",
                set_,
                metric,
                value + generator.normal(0, spread / 4),
                *interval,
                n,
            ]
        )

    for method in methods:
        n = 8 if method in STRANGER_METHODS else {"retrained": 32, "bias": 1}.get(method, 512)
        left = _LEFT_ON_HOLDOUT.get(method, 0.0) if held_out else 0.0
        # Whole images; of one set, biases leave a single one.
        left = round(left * asked) / asked if (method, forget) != ("bias", "0-4") else 1 / asked
        kept = retrained - _SHORTFALL.get(method, 0.0) * generator.uniform(0.5, 1.5)
        distance = _DISTANCE.get(method, 0.3) * generator.uniform(0.9, 1.1)
        share = 1 - (forget.count("-") + 1) / len(task["classes"])
        for suffix in ("", "-train"):
            add(method, f"retain{suffix}", "accuracy", kept, 0.01, n)
            add(method, f"forget{suffix}", "accuracy", left, 0.0, n)
        add(method, "test", "accuracy", kept * share + left * (1 - share), 0.01, n)
        add(method, "forget-train", "mia", generator.uniform(0.3, 0.6), 0.04, min(n, 32))
        add(method, "forget", "mia_test", generator.uniform(0.3, 0.6), 0.04, min(n, 32))
        for metric, value in zip(("shift", "auc"), _BACK.get(method, _BACK_RETRAINED), strict=True):
            add(method, "forget", metric, value, 0.06 if metric == "shift" else 0.03, min(n, 16))
        for metric in ("probe", "relearn_10", "relearn_50"):
            add(method, "forget", metric, generator.uniform(0.5, 0.9), 0.03, min(n, 16))
        for set_, scale in (("retain", 0.4), ("forget", 2.2), ("test", 1.0)):
            add(method, set_, "overlap", 1 - 0.9 * distance * scale, 0.02, n)
            add(method, set_, "activation_distance", distance * scale, 0.02, n)
            add(method, set_, "phi", 1 - 0.2 * distance * scale, 0.01, n)
            add(method, set_, "jsd", 0.4 * distance * scale, 0.01, n)
            if method != "retrained":
                to_all = 1.05 * distance * scale
                interval = (0.9 * to_all, 1.1 * to_all)
                rows.append(
                    [
                        name,
                        method,
                        forget,
                        "chosen-to-all",
                        set_,
                        "activation_distance",
                        to_all,
                        *interval,
                        32,
                    ]
                )
        if method == "retrained":
            for set_, metric, value in (
                ("retain", "accuracy", kept + 0.008),
                ("forget", "accuracy", left),
                ("test", "activation_distance", 1.02 * distance),
            ):
                rows.append([name, method, forget, "selected", set_, metric, value, None, None, 1])
        usable = float(generator.integers(0, 17)) / 16
        rows.append([name, method, forget, "population", "choice", "usable_share", usable, None, None, 16])
        if method not in ("retrained", "bias"):
            candidates.append(_candidates(method, left, kept, generator))
        if method != "retrained":
            confusion.append(_confusion(method, task["classes"], forget.split("-"), 1 - distance, generator))
    frame = pd.DataFrame(rows, columns=METRIC_COLUMNS)
    measured = (frame["metric"] == "accuracy") & frame["set"].isin(["retain", "forget"])
    # Of one network the images alone are uncertain, and there are hundreds; a median is surer.
    error = np.where(frame["selection"] == "population", 0.006, 0.018)
    frame["median_low"] = (frame["value"].where(measured) - error).clip(0, 1)
    frame["median_high"] = (frame["value"].where(measured) + error).clip(0, 1)
    frame.to_csv(folder / f"forget-{forget}.csv", index=False)
    _write(
        candidates,
        folder / f"forget-{forget}-candidates.csv",
        ["method", "candidate", "start", "prompt", "forget_accuracy", "retain_accuracy", "chosen"],
    )
    _write(
        confusion,
        folder / f"forget-{forget}-confusion.csv",
        ["method", "set", "retrained", "predicted", "count"],
    )
    return frame


def _trade_off(folder: Path, task: dict[str, Any], kept: float) -> None:
    """The more is asked to be forgotten, the less comes back and the less is kept; of large sets more comes back."""
    folder.mkdir(exist_ok=True)
    rows = [
        [forget, quantile, 0.0, kept - 0.02 * quantile, (0.8 + 0.02 * len(forget)) * (1 - quantile), 0.9, 8]
        for forget in task["forget"] + task["holdout"]
        for quantile in (0.9, 0.1, 0.5)
    ]
    columns = ["forget", "quantile", "forget_accuracy", "retain_accuracy", "shift", "auc", "networks"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "trade-off.csv", index=False)


def _candidates(
    method: str, left: float, kept: float, generator: np.random.Generator, count: int = 256
) -> pd.DataFrame:
    images = 60
    forgotten = np.round(np.clip(generator.exponential(0.1, count) - 0.08 + left, left, 1) * images) / images
    retained = (
        np.round(np.clip(kept - generator.exponential(0.08, count) + 0.3 * (forgotten - left), 0, 1) * images) / images
    )
    order = np.lexsort((-retained, forgotten))
    chosen = np.arange(count) == order[0]
    return pd.DataFrame(
        {
            "method": method,
            "candidate": range(count),
            "start": generator.integers(0, 16, count),
            "prompt": range(count),
            "forget_accuracy": forgotten,
            "retain_accuracy": retained,
            "chosen": np.where(chosen, "true", "false"),
        }
    )


def _confusion(
    method: str, classes: list[str], forgotten: list[str], agreement: float, generator: np.random.Generator
) -> pd.DataFrame:
    rows = []
    retained = [name for name in classes if name not in forgotten]
    for set_, shown in (("retain", retained), ("test", classes)):
        counts = pd.DataFrame(0, index=retained, columns=retained)
        for name in shown:
            # Two networks that never saw a class agree on its images by chance alone.
            seen = name if name in retained else retained[-1]
            shares = np.full(len(retained), (1 - agreement) / max(len(retained) - 1, 1))
            shares[retained.index(seen)] = agreement
            counts.loc[seen] += generator.multinomial(IMAGES, shares / shares.sum())
        rows += [[method, set_, row, column, counts.loc[row, column]] for row in retained for column in retained]
    return pd.DataFrame(rows, columns=["method", "set", "retrained", "predicted", "count"])


def _training(
    folder: Path, task: dict[str, Any], told: Performance, rebalanced: bool, generator: np.random.Generator
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    steps = np.arange(0, 4001, 20)
    train = 0.03 + 0.9 * np.exp(-steps / 400) * np.exp(generator.normal(0, 0.1, len(steps)))
    test = np.where(steps % 200 == 0, train * 1.2 + 0.01, np.nan)
    pd.DataFrame({"step": steps, "train_mse": train, "test_mse": test, "learning_rate": 1e-3}).to_csv(
        folder / "history.csv", index=False
    )
    alignment, prompts = [], []
    for starts, penalty in (("seen", 0.0), ("unseen", 0.07)):
        for part, (index, name) in itertools.product(told.parts, enumerate(told.labels(map(int, task["classes"])))):
            role = _role(name, task)
            for step in range(250, 4001, 250):
                fit = 1 - penalty - 0.02 * index - (0.25 if role == "pivot" else 0.0)
                r_squared = fit - 2.5 * np.exp(-step / 300) + generator.normal(0, 0.02)
                alignment.append([step, starts, part.metric, name, role, r_squared, np.sqrt(max(r_squared, 0.0))])
            high = 1.0 if role == "pivot" or part.metric != "loss" else 9.0
            for network in range(100):
                target = np.exp(generator.uniform(np.log(0.03), np.log(high)))
                observed = target * np.exp(generator.normal(0, 0.15 + 3 * penalty))
                prompts.append([starts, part.metric, name, role, network, target, observed])
    columns = ["step", "starts", "metric", "class", "role", "r_squared", "correlation"]
    pd.DataFrame(alignment, columns=columns).to_csv(folder / "alignment.csv", index=False)
    columns = ["starts", "metric", "class", "role", "network", "target", "observed"]
    pd.DataFrame(prompts, columns=columns).to_csv(folder / "prompts.csv", index=False)
    edges = {part.metric: _edges(part) for part in told.parts}
    shares = {"train": np.arange(24, 0, -1.0), "prompts": np.ones(24)}
    shares |= {"rebalanced": np.ones(24) + 0.1 * generator.random(24)} if rebalanced else {}
    pd.DataFrame(
        [
            [metric, name, _role(name, task), of, bounds[index], bounds[index + 1], counts[index] / counts.sum()]
            for metric, bounds in edges.items()
            for of, counts in shares.items()
            for name in told.labels(map(int, task["classes"]))
            for index in range(24)
        ],
        columns=["metric", "class", "role", "values", "low", "high", "share"],
    ).to_csv(folder / "distribution.csv", index=False)


def _edges(told: Performance) -> np.ndarray:
    return np.geomspace(0.03, 9.0, 25) if told.metric == "loss" else np.linspace(0.1, 0.9, 25)


def _role(name: str, task: dict[str, Any]) -> str:
    return "all" if name == "all" else "pivot" if name in task["pivots"] else "free"


def _optimizers(folder: Path) -> None:
    curves = {
        ("hypernetwork", None): {update: 0.2 + 2 * 0.1**update for update in range(6)},
        ("sgd", 0.1): {step: 0.2 + 2 * 0.99**step for step in (0, *2 ** np.arange(11))},
        ("adam", 0.001): {step: 0.2 + 2 * 0.998**step for step in (0, *2 ** np.arange(11))},
    }
    rows = [
        [*optimizer, update, network, loss * (1 + network / 20), np.exp(-loss)]
        for optimizer, losses in curves.items()
        for update, loss in losses.items()
        for network in range(8)
    ]
    columns = ["optimizer", "learning_rate", "update", "network", "loss", "accuracy"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "optimizers.csv", index=False)


def _corpus(folder: Path, corpus: str, task: dict[str, Any], generator: np.random.Generator) -> None:
    classes, bins = [], []
    edges = [0.0, 0.1, 0.5, 1.0, 2.0, 4.0, 1e9]
    for name in task["classes"]:
        role = "pivot" if name in task["pivots"] else "free"
        forgotten = 0 if role == "pivot" else int(generator.integers(3000, 6000))
        classes.append(
            [
                name,
                role,
                24000,
                forgotten,
                forgotten // 3,
                forgotten // 2,
                None if role == "pivot" else 0.9,
                0.02,
                0.1 if role == "pivot" else 0.4,
                0.9 if role == "pivot" else 11.3,
            ]
        )
        for low, high in itertools.pairwise(edges):
            bins.append([name, low, high, 4000, int(generator.integers(0, 4000)), int(generator.integers(0, 9000))])
    columns = [
        "class", "role", "checkpoints", "forgotten", "never_seen", "hidden", "level", "lowest", "median", "highest",
    ]  # fmt: skip
    pd.DataFrame(classes, columns=columns).to_csv(folder / f"{corpus}-classes.csv", index=False)
    pd.DataFrame(bins, columns=["class", "low", "high", "cap", "admitted", "rejected"]).to_csv(
        folder / f"{corpus}-bins.csv", index=False
    )
    sets = [[forget, "false", 900, 640, 210, 850] for forget in task["forget"]] + [
        [forget, "true", 0, 0, 0, 0] for forget in task["holdout"]
    ]
    pd.DataFrame(sets, columns=["forget", "holdout", "checkpoints", "forgotten", "hidden", "in_state"]).to_csv(
        folder / f"{corpus}-forget-sets.csv", index=False
    )


def _tokens(folder: Path, task: dict[str, Any], spec: dict[str, Any]) -> None:
    def token(path: Path, kind: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = (str(path.name).encode().hex() * 8)[:64]
        path.write_text(json.dumps({"kind": kind, "object_id": f"sha256:{digest}", "summary": {"networks": 3}}))

    for corpus in task["corpora"]:
        token(folder / f"{corpus}.json", "corpus")
    for model in spec["models"]:
        token(folder / model / "hypernet.json", "hypernet")
    for method in spec["methods"]:
        for forget in task["forget"] + task["holdout"]:
            token(folder / method / f"forget-{forget}.json", "networks")


def _benchmarks(folder: Path, spec: dict[str, Any], generator: np.random.Generator) -> None:
    for rule in ("collect_checkpoints", "train_hypernet", "sample_unlearned", "evaluate"):
        for task in spec["tasks"]:
            path = folder / "benchmarks" / rule / task / "job.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                json.dumps({"s": float(generator.uniform(2, 100)), "cpu_time": 3.0, "max_rss": 700.5}) + "\n"
            )


def _costs(folder: Path, spec: dict[str, Any]) -> None:
    retrained = [
        CostRow(task, RETRAINED, RETRAINED, "retained", 0, 0, 0.31, None, 1.7, 0.01, None, None)
        for task in spec["tasks"]
    ]
    generators = [
        CostRow(task, method.removesuffix("-edit"), method, "none", 97.5, 300.25, 0.8, None, 0.2, None, math.inf, 26517)
        for task in spec["tasks"]
        for method in spec["methods"]
        if method.removesuffix("-edit") in spec["models"]
    ]
    write_rows(folder / "costs.csv", retrained + generators)


def _write(frames: list[pd.DataFrame], path: Path, columns: list[str]) -> None:
    frame = pd.concat(frames) if frames else pd.DataFrame(columns=columns)
    frame.to_csv(path, index=False)
