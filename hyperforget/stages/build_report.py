"""Build the report, one HTML file with all tables and figures."""

from pathlib import Path

from hyperforget.config.specs import PageSpec
from hyperforget.metrics.registry import METRICS, SETS
from hyperforget.report.page import render_report
from hyperforget.report.spec import as_spec
from hyperforget.runtime.stage import Job


def run(job: Job[PageSpec]) -> None:
    """Load, call, save."""
    page = render_report(as_spec(job.spec.model_dump()), Path(job.names["results"]), METRICS, SETS)
    job.output("page").write_text(page, encoding="utf-8")
