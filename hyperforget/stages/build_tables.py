"""Stage: build every table of the report as CSV, LaTeX and HTML."""

import argparse

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments; the spec holds tasks, models, methods and protocol."""
    parser = StageParser(__doc__)
    parser.add_input("--metrics")
    parser.add_output("--tables", nargs="+", help="the files, all in one folder")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    from hyperforget.report.results import Metrics
    from hyperforget.report.spec import as_spec
    from hyperforget.report.tables.thesis import write_tables

    write_tables(as_spec(options.spec), Metrics(options.metrics), options.tables[0].parent)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("build_tables", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
