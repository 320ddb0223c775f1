"""Build the report, one HTML file with all tables and figures."""

from hyperforget.config.report_specs import ReportSpec
from hyperforget.report.pad import gather_pad
from hyperforget.report.page import render_report
from hyperforget.report.run_record import unrecorded_files
from hyperforget.runtime.stage import Job


def run(job: Job[ReportSpec]) -> None:
    """Load, call, save."""
    page = job.output("page")
    results = page.parent
    unrecorded = unrecorded_files(job.store, results, [task.name for task in job.spec.tasks])
    pad = gather_pad(job.spec, results, job.store)
    page.write_text(render_report(job.spec, results, unrecorded, pad), encoding="utf-8")
