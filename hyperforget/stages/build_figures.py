"""Stage: build every figure of one task as SVG."""

import argparse
from pathlib import Path

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments; the spec holds tasks, models, methods and protocol."""
    parser = StageParser(__doc__)
    parser.add_argument("--task", required=True, help="the task whose figures to draw")
    parser.add_argument("--results", type=Path, required=True, help="the folder that --inputs lie in")
    parser.add_input("--inputs", nargs="+", help="the CSV files that the figures show")
    parser.add_output("--figures", nargs="+", help="the files, all in one folder")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    from hyperforget.report.figures import write_figures
    from hyperforget.report.spec import as_spec

    write_figures(as_spec(options.spec), options.task, options.results, options.figures[0].parent)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("build_figures", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
