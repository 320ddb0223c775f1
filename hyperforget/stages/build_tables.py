"""Build every table of the report as CSV, LaTeX and HTML."""

import argparse
from pathlib import Path

from hyperforget.command import run_command
from hyperforget.report.names import as_spec
from hyperforget.report.results import Metrics
from hyperforget.report.tables import write_tables


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--metrics", type=Path, required=True, help="results/metrics.csv")
    parser.add_argument("--spec", required=True, help="tasks, models, methods and protocol, as JSON")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder for the tables")
    options = parser.parse_args(arguments)
    write_tables(as_spec(options.spec), Metrics(options.metrics), options.output_dir)


if __name__ == "__main__":
    run_command(main)
