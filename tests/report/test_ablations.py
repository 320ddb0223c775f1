"""The ablation table: who is compared with whom, in what they differ, and the numbers of each row."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hyperforget.config import ModelConfig
from hyperforget.report.ablations import ablation_listing, changed_keys
from hyperforget.report.costs import read_costs
from hyperforget.report.listings import Listing
from hyperforget.report.results import Metrics
from tests.report.synthetic_results import SPEC, as_spec, make_results, task_of

MODELS = ["dihyfo-1", "layers", "dihyfo-2"]
CONFIG = {
    "dihyfo-1": ModelConfig().model_dump(),
    "layers": ModelConfig(
        conditioning="dihyfo-1", architecture={"tokens": "layers"}, training={"permute": True}
    ).model_dump(),
    "dihyfo-2": ModelConfig().model_dump(),
}
COMPARED: dict[str, Any] = {
    **SPEC,
    "tasks": {
        "digits-4": {**SPEC["tasks"]["digits-4"], "corpora": {"corpus": MODELS}},
    },
    "models": MODELS,
    "methods": ["dihyfo-1", "dihyfo-1-edit", "layers", "layers-edit", "dihyfo-2", "retrained"],
    "config": {"models": CONFIG},
}


def listing(folder: Path, spec: dict[str, Any]) -> Listing | None:
    report = as_spec(spec)
    metrics, costs = Metrics(folder / "metrics.csv"), read_costs(folder / "costs.csv")
    return ablation_listing(report, task_of(report, "digits-4"), folder, metrics, costs)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("results"), COMPARED)


def test_changed_keys_are_named_with_their_section() -> None:
    changed = changed_keys(CONFIG["dihyfo-1"], CONFIG["layers"])
    assert changed == ["architecture.tokens = layers", "training.permute = True"]
    assert changed_keys(CONFIG["dihyfo-1"], CONFIG["dihyfo-1"]) == []


def test_only_models_that_share_a_conditioning_are_compared(results: Path) -> None:
    found = listing(results, COMPARED)
    assert found is not None
    assert [row[0] for row in found.rows] == ["DiHyFo-1", "DiHyFo-1 (editing)", "layers", "layers (editing)"]
    assert {row[1] for row in found.rows[2:]} == {"architecture.tokens = layers; training.permute = True"}
    assert all(len(row) == len(found.headings) for row in found.rows)
    assert len(found.caption.split()) <= 60


def test_without_two_of_a_kind_there_is_no_table(results: Path) -> None:
    alone = {**COMPARED, "models": ["dihyfo-1", "dihyfo-2"], "methods": ["dihyfo-1", "dihyfo-2", "retrained"]}
    assert listing(results, alone) is None
    assert listing(results, {**COMPARED, "config": None}) is None


def test_numbers_are_those_of_the_files(results: Path) -> None:
    found = listing(results, COMPARED)
    assert found is not None
    row = dict(zip(found.headings, found.rows[2], strict=True))
    frame = pd.read_csv(results / "metrics.csv", dtype={"forget": str})
    accuracy = frame[(frame["metric"] == "accuracy") & (frame["set"] == "retain")]

    def value(method: str, forget: str, selection: str) -> float:
        chosen = accuracy[
            (accuracy["method"] == method) & (accuracy["forget"] == forget) & (accuracy["selection"] == selection)
        ]
        return float(chosen["value"].iloc[0])

    gaps = [value("layers", forget, "population") - value("retrained", forget, "population") for forget in ("2", "2-3")]
    text = row["Retained, median minus the retrained median: collected"].replace("−", "-")
    assert float(text) == pytest.approx(sum(gaps) / 2, abs=1e-4)
    alignment = pd.read_csv(results / "digits-4" / "layers" / "alignment.csv")
    last = alignment[
        (alignment["step"] == alignment["step"].max())
        & (alignment["starts"] == "unseen")
        & (alignment["role"] == "free")
    ]
    assert float(row["Alignment (R²)"]) == pytest.approx(last["r_squared"].mean(), abs=1e-3)
