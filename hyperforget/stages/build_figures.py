"""Build every figure of one task as SVG."""

import os

from hyperforget.config.report_specs import FiguresSpec
from hyperforget.runtime.stage import Job


def run(job: Job[FiguresSpec]) -> None:
    """Load, call, save."""
    # Figures need no screen; one that a notebook has set for what it starts may not be installed here, and stops
    # matplotlib as it is imported.
    os.environ["MPLBACKEND"] = "agg"
    from hyperforget.report.figures import write_figures

    folder = job.outputs["figures"][0].parent
    write_figures(job.spec, job.names["task"], folder.parent, folder)
