"""Build the report, one HTML file with all tables and figures."""

from hyperforget.config.report_specs import ReportSpec
from hyperforget.report.page import render_report
from hyperforget.runtime.stage import Job


def run(job: Job[ReportSpec]) -> None:
    """Load, call, save."""
    page = job.output("page")
    page.write_text(render_report(job.spec, page.parent), encoding="utf-8")
