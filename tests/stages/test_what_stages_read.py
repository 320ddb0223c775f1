"""Every stage reads all that its spec holds; that it reads nothing else, its type says."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest

from hyperforget.config.base import Section
from hyperforget.config.performance import Performance
from hyperforget.config.tasks import DatasetConfig
from hyperforget.data import torchvision_sets
from hyperforget.errors import UserError
from hyperforget.stages.interfaces import STAGES
from tests.data.idx_files import write_idx_set
from tests.report.synthetic_results import BUILT_SPEC, make_results
from tests.report.tables.test_own_metrics import WORDS
from tests.stages.reading import Field, Fields, load, name_of, recorded
from tests.stages.report_jobs import build_figures, build_report, build_tables
from tests.stages.tiny_pipeline import TASK, Job, assemble, audit, job, jobs, run, settings

pytestmark = pytest.mark.pipeline


def sections_in(kind: Any) -> Iterator[type[Section]]:
    """A section, and all that are part of it."""
    for part in (kind, *get_args(kind)):
        if isinstance(part, type) and issubclass(part, Section):
            yield part
            for field in part.model_fields.values():
                yield from sections_in(field.annotation)
        elif part is not kind:
            yield from sections_in(part)


def fields_of(spec: type[Section]) -> set[Field]:
    return {(name_of(section), name) for section in sections_in(spec) for name in section.model_fields}


@pytest.fixture(scope="module")
def read(again: Path, tmp_path_factory: pytest.TempPathFactory) -> Fields:
    """By stage, the fields of its spec that were read in any of some runs, whose settings differ."""
    folder = tmp_path_factory.mktemp("read") / "results"
    shutil.copytree(again, folder)
    subspace = {"space": "subspace", "components": 8, "heads": 4}
    other = settings(
        tasks={TASK: {"recipe": {"optimizer": "adam", "learning_rate": 0.01}}},
        models={"dihyfo-2": {"architecture": subspace}},
        selection={"rule": "highest-retain"},
    )
    by_level = settings(selection={"rule": "retrained-level"})
    choosing = (
        "sample_unlearned",
        "sample_edited",
        "sweep_edited",
        "look_up_checkpoints",
        "evaluate",
        "measure_requests",
    )
    # What is read does not depend on the forget set.
    others = ("/3", "/1-3", "metrics")
    every = [each for name, each in jobs(folder, other).items() if not name.endswith(others)]
    choosing_by_level = {name: each for name, each in jobs(folder, by_level).items() if each[0] in choosing}
    every += [each for name, each in choosing_by_level.items() if not name.endswith(others)]
    own = folder / TASK
    tokens, requests = [own / "dihyfo-2" / "hypernet.json"], [own / "requests.csv"]
    every.append(audit(folder, "2"))
    every.append(job("gather_costs", folder, {}, tokens=tokens, requests=requests, costs=folder / "costs.csv"))
    with pytest.MonkeyPatch.context() as patch, recorded() as reading:
        for each in (*every, *datasets(folder, patch), *reports(folder / "report")):
            reading.run(each)
        reading.stage = "assemble_corpus"
        # What a corpus lacks is said in full.
        for lacking in ({"minimum_runs": 40}, {"minimum_forgotten": 500}):
            with pytest.raises(UserError):
                run(assemble(folder, **lacking))
    before = load(again / "read.txt")
    return {stage: before.get(stage, set()) | reading.fields[stage] for stage in STAGES}


def datasets(folder: Path, patch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """Jobs that read a dataset from each source."""
    pixels = np.random.default_rng(0).integers(0, 16, (80, 2, 2), np.uint8)
    labels = np.arange(80) % 4
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "own.npz", images=pixels, labels=labels)

    def build(root: Path, train: bool, download: bool) -> None:
        write_idx_set(root, "MNIST", pixels, labels)

    patch.setattr(
        torchvision_sets, "import_torchvision", lambda: SimpleNamespace(datasets=SimpleNamespace(MNIST=build))
    )
    own = {"source": "npz", "path": str(folder / "own.npz")}
    code = str(Path(__file__).with_name("own_code.py"))
    function = {"source": "function", "file": code, "function": "images", "settings": {"side": 2}}
    return [
        job(
            "fetch_dataset",
            folder,
            {"task": TASK},
            settings(tasks={TASK: {"dataset": dataset}}),
            token=folder / "t",
        )
        for dataset in (own, function, {"source": "torchvision", "root": str(folder)})
    ]


def reports(folder: Path) -> list[Job]:
    """Jobs of the report, with a model that is told one number and whose training draws values evenly,
    and a metric of the user's own."""
    told: dict[str, Any] = {"performances": {"gpt": vars(Performance("error", "mean"))}, "rebalanced": ["gpt"]}
    told["metrics"] = [WORDS.model_dump()]
    # One with strangers and several corpora, which shares hypernetworks.
    corpora = BUILT_SPEC["tasks"]["digits-4"]["corpora"]
    shared = {"sharing": ["digits"], "units": [7], "hypernets_of": "digits"}
    task = {"tasks": {"digits": {**BUILT_SPEC["tasks"]["digits"], "corpora": corpora, **shared}}}
    spec = {**BUILT_SPEC, **told, **task, "models": ["dihyfo-1", "gpt"], "learned_optimizers": ["gpt"]}
    make_results(folder, spec)
    return [build_tables(folder, spec), build_figures(folder, spec, "digits"), build_report(folder, spec)]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reads_all_that_its_spec_holds(read: Fields, stage: str) -> None:
    assert sorted(fields_of(STAGES[stage].spec_type) - read[stage]) == []


def test_the_walk_over_specs_finds_sections_in_sections() -> None:
    assert (name_of(DatasetConfig), "source") in fields_of(STAGES["fetch_dataset"].spec_type)
    names = {name for _, name in fields_of(STAGES["collect_checkpoints"].spec_type)}
    assert {"bin_cap", "momentum", "holdout"} <= names
