"""Build every figure of one task as SVG."""

import argparse
from pathlib import Path

from hyperforget.command import run_command
from hyperforget.report.figures import write_figures
from hyperforget.report.names import as_spec


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", required=True, help="the task whose figures to draw")
    parser.add_argument("--results", type=Path, required=True, help="the results folder")
    parser.add_argument("--spec", required=True, help="tasks, models, methods and protocol, as JSON")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder for the figures")
    options = parser.parse_args(arguments)
    write_figures(as_spec(options.spec), options.task, options.results, options.output_dir)


if __name__ == "__main__":
    run_command(main)
