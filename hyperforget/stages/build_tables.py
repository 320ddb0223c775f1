"""Build every table of the report as CSV, LaTeX and HTML."""

from hyperforget.config.report_specs import TablesSpec
from hyperforget.report.results import Metrics
from hyperforget.report.tables.thesis import write_tables
from hyperforget.runtime.stage import Job


def run(job: Job[TablesSpec]) -> None:
    """Load, call, save."""
    folder = job.outputs["tables"][0].parent
    write_tables(job.spec, Metrics(job.input("metrics")), folder)
