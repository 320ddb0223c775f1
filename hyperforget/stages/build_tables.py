"""Build every table of the report as CSV, LaTeX and HTML."""

from hyperforget.config.specs import TablesSpec
from hyperforget.report.results import Metrics
from hyperforget.report.spec import as_spec
from hyperforget.report.tables.thesis import write_tables
from hyperforget.runtime.stage import Job


def run(job: Job[TablesSpec]) -> None:
    """Load, call, save."""
    folder = job.outputs["tables"][0].parent
    write_tables(as_spec(job.spec.model_dump()), Metrics(job.input("metrics")), folder)
