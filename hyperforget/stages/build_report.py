"""Stage: build the report, one HTML file with all tables and figures."""

import argparse
from pathlib import Path

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments; the spec holds tasks, models, methods, protocol and the whole configuration."""
    parser = StageParser(__doc__)
    parser.add_argument("--results", type=Path, required=True, help="the folder that --inputs lie in")
    parser.add_input("--inputs", nargs="+", help="all files that the page shows or tells of")
    parser.add_output("--page")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    from hyperforget.metrics.registry import METRICS, SETS
    from hyperforget.report.page import render_report
    from hyperforget.report.spec import as_spec

    page = render_report(as_spec(options.spec), options.results, METRICS, SETS)
    options.page.write_text(page, encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Run the stage; the page also tells when and how it was made, so it is never restored."""
    stage_main("build_report", parser(), work, arguments, repeatable=False)


if __name__ == "__main__":
    run_command(main)
