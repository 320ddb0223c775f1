"""Build the report, one HTML file with all tables and figures."""

from pathlib import Path

from hyperforget.config.report_specs import ReportSpec
from hyperforget.report.page import render_report
from hyperforget.runtime.stage import Job


def run(job: Job[ReportSpec]) -> None:
    """Load, call, save."""
    page = render_report(job.spec, Path(job.names["results"]))
    job.output("page").write_text(page, encoding="utf-8")
