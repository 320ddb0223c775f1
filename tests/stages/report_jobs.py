"""The command lines of the report's stages, on results that were made up."""

from pathlib import Path
from typing import Any

from hyperforget.config.slices import part_of
from hyperforget.report.spec import figure_files, table_files
from hyperforget.stages.interfaces import STAGES
from tests.report.synthetic_results import as_spec
from tests.stages.tiny_pipeline import Job


def _job(stage: str, results: Path, values: dict[str, Any], *arguments: str) -> Job:
    spec = part_of(STAGES[stage].spec_type, as_spec(values)).model_dump_json()
    return stage, ["--store", str(results / "store"), "--spec", spec, *arguments]


def build_tables(results: Path, values: dict[str, Any]) -> Job:
    spec = as_spec(values)
    tables = [str(results / "tables" / name) for name in table_files(spec)]
    images = [
        str(results / task.name / f"forget-{forget}-confusion.csv")
        for task in spec.tasks
        for forget in task.forget_sets
    ]
    given = ["--metrics", str(results / "metrics.csv"), "--images", *images]
    return _job("build_tables", results, values, *given, "--tables", *tables)


def build_figures(results: Path, values: dict[str, Any], task: str) -> Job:
    figures = [str(results / "figures" / name) for name in figure_files(as_spec(values), task)]
    given = ["--task", task, "--inputs", str(results / "metrics.csv")]
    return _job("build_figures", results, values, *given, "--figures", *figures)


def build_report(results: Path, values: dict[str, Any]) -> Job:
    given = ["--inputs", str(results / "metrics.csv"), "--page", str(results / "report.html")]
    return _job("build_report", results, values, *given)
