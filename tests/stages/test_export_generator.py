"""A generator's folder against what the run has in its store."""

from pathlib import Path

import pytest
import torch

import hyperforget
from hyperforget.collection.checkpoints import load_corpus, load_outcomes
from hyperforget.data.splits import load_task_data
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.records.files import read_rows
from hyperforget.records.methods import MetricRow
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.prompts import prompt_grid
from tests.stages.tiny_pipeline import FORGET_SETS, SETTINGS, TASK

pytestmark = pytest.mark.pipeline


@pytest.mark.parametrize("model", SETTINGS.generators)
def test_it_asks_for_what_the_run_asks_for(results: Path, model: str) -> None:
    folder, store = results / TASK, Store(results / "store")
    generator = hyperforget.load(folder / model / "generator")
    data = load_task_data(store, folder / "dataset.json")
    sizes = data.validation.class_sizes
    hypernet = load_hypernetwork(store, folder / model / "hypernet.json", data.labels)
    stored, read = hypernet.model.state_dict(), generator.hypernet.model.state_dict()
    torch.testing.assert_close(read, stored, rtol=0, atol=0)
    outcomes = load_outcomes(store, folder / "corpus.json", sizes)
    prompts = SETTINGS.prompts
    first = prompts.model_copy(update={"forget": prompts.forget[:1], "retain": prompts.retain[:1]})
    for classes in ([2], [3], [2, 3]):
        [mask] = generator.sets(classes).masks
        [expected] = prompt_grid(outcomes, mask, first, hypernet.performance)
        asked = generator.levels.ask(mask.unsqueeze(0), prompts.forget[0], prompts.retain[0])
        torch.testing.assert_close(asked[0], expected, rtol=0, atol=0)
    starts = load_corpus(store, folder / "corpus.json", hypernet.performance, sizes).performance[:, 0]
    torch.testing.assert_close(generator.untrained, starts.median(dim=0).values, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("model", SETTINGS.generators)
def test_it_says_where_it_comes_from_and_how_well_it_forgets(results: Path, model: str) -> None:
    folder = results / TASK
    told = hyperforget.load(folder / model / "generator").description
    tokens = {"dataset": "dataset.json", "corpus": "corpus.json", "hypernetwork": f"{model}/hypernet.json"}
    assert told.lineage.model_dump() == {name: read_token(folder / path).object_id for name, path in tokens.items()}
    assert told.checkpoints == read_token(folder / "corpus.json").summary["checkpoints"]
    assert (told.images.lowest, told.images.highest, told.dataset) == (0, 16, "digits")
    rows = [row for forget in FORGET_SETS for row in read_rows(folder / f"forget-{forget}.csv", MetricRow)]
    values = {(row.method, row.forget, row.set, row.metric): row.value for row in rows if row.selection == "population"}
    assert {row.method for row in told.measured} == {model, "retrained"} | (
        {"dihyfo-1-edit"} if "1" in model else set()
    )
    assert {row.forget for row in told.measured} == set(FORGET_SETS)
    for row in told.measured:
        assert row.value == values[row.method, row.forget, row.set, row.metric]
