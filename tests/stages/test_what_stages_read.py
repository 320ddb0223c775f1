"""Every stage reads all that its spec holds; that it reads nothing else, its type says."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest

from hyperforget.config.base import Section
from hyperforget.config.performance import Performance
from hyperforget.config.tasks import DatasetConfig
from hyperforget.data import sources
from hyperforget.errors import UserError
from hyperforget.stages.interfaces import STAGES
from tests.report.synthetic_results import BUILT_SPEC, make_results
from tests.stages.report_jobs import build_figures, build_report, build_tables
from tests.stages.tiny_pipeline import TASK, Job, assemble, job, jobs, run, settings

Field = tuple[type, str]


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
    return {(section, name) for section in sections_in(spec) for name in section.model_fields}


@pytest.fixture(scope="module")
def read(results: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Field]]:
    """By stage, the fields of its spec that were read in any of some runs, whose settings differ."""
    fields: defaultdict[str, set[Field]] = defaultdict(set)
    stage = ""

    def getattribute(section: Section, name: str) -> Any:
        for kind in type(section).__mro__:
            if name in getattr(kind, "__pydantic_fields__", {}):
                fields[stage].add((kind, name))
        return object.__getattribute__(section, name)

    folder = tmp_path_factory.mktemp("read") / "results"
    subspace = {"space": "subspace", "components": 8, "heads": 4}
    other = settings(
        tasks={TASK: {"recipe": {"optimizer": "adam", "learning_rate": 0.01}}},
        models={"dihyfo-2": {"architecture": subspace}},
        selection={"rule": "highest-retain"},
    )
    every = {**jobs(folder), **{f"{name}, otherwise": each for name, each in jobs(folder, other).items()}}
    by_level = jobs(folder, settings(selection={"rule": "retrained-level"}))
    choosing = ("sample_unlearned", "sample_edited", "look_up_checkpoints", "evaluate")
    every |= {f"{name}, by level": each for name, each in by_level.items() if each[0] in choosing}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Section, "__getattribute__", getattribute)
        for each in (*every.values(), *datasets(folder, patch), *reports(folder / "report")):
            stage = each[0]
            run(each)
        stage = "assemble_corpus"
        # What a corpus lacks is said in full.
        for lacking in ({"minimum_runs": 40}, {"minimum_forgotten": 500}):
            with pytest.raises(UserError):
                run(assemble(folder, **lacking))
    return dict(fields)


def datasets(folder: Path, patch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """Jobs that read a dataset from each source."""
    pixels = np.random.default_rng(0).integers(0, 16, (80, 2, 2), np.uint8)
    labels = np.arange(80) % 4
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "own.npz", images=pixels, labels=labels)

    def build(root: Path, train: bool, download: bool) -> SimpleNamespace:
        return SimpleNamespace(data=pixels, targets=labels)

    patch.setattr(sources, "import_torchvision", lambda: SimpleNamespace(datasets=SimpleNamespace(MNIST=build)))
    own = {"source": "npz", "path": str(folder / "own.npz")}
    return [
        job(
            "fetch_dataset",
            folder,
            {"task": TASK},
            settings(tasks={TASK: {"dataset": dataset}}),
            token=folder / "t",
        )
        for dataset in (own, {"source": "torchvision", "root": str(folder)})
    ]


def reports(folder: Path) -> list[Job]:
    """Jobs of the report, with a model that is told one number and whose training draws values evenly."""
    told = {"performances": {"gpt": vars(Performance("error", "mean"))}, "rebalanced": ["gpt"]}
    spec = {**BUILT_SPEC, **told, "models": ["dihyfo-1", "gpt"], "learned_optimizers": ["gpt"]}
    make_results(folder, spec)
    figures = [build_figures(folder, spec, task) for task in spec["tasks"]]
    return [build_tables(folder, spec), *figures, build_report(folder, spec)]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reads_all_that_its_spec_holds(read: dict[str, set[Field]], stage: str) -> None:
    unread = fields_of(STAGES[stage].spec_type) - read.get(stage, set())
    assert sorted(f"{section.__name__}.{name}" for section, name in unread) == []


def test_the_walk_over_specs_finds_sections_in_sections() -> None:
    assert (DatasetConfig, "source") in fields_of(STAGES["fetch_dataset"].spec_type)
    names = {name for _, name in fields_of(STAGES["collect_checkpoints"].spec_type)}
    assert {"bin_cap", "momentum", "holdout"} <= names
