"""Build every figure of one task as SVG."""

from hyperforget.config.report_specs import FiguresSpec
from hyperforget.report.figures import write_figures
from hyperforget.runtime.stage import Job


def run(job: Job[FiguresSpec]) -> None:
    """Load, call, save."""
    folder = job.outputs["figures"][0].parent
    write_figures(job.spec, job.names["task"], folder.parent, folder)
