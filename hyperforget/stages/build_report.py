"""Build the report: one HTML file with all tables and figures."""

import argparse
from pathlib import Path

from hyperforget.command import run_command
from hyperforget.metrics.registry import METRICS, SETS
from hyperforget.report.html import render_report
from hyperforget.report.names import as_spec


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--results", type=Path, required=True, help="the results folder, with tables and figures built"
    )
    parser.add_argument(
        "--spec", required=True, help="tasks, models, methods, protocol and the whole config, as JSON"
    )
    parser.add_argument("--output", type=Path, required=True, help="the HTML file to write")
    options = parser.parse_args(arguments)
    page = render_report(as_spec(options.spec), options.results, METRICS, SETS)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run_command(main)
