"""Stage: join the metrics of all forget sets into one long table."""

import argparse

from hyperforget.errors import UserError, run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__)
    parser.add_input("--parts", nargs="+")
    parser.add_output("--metrics")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    header, lines = "", []
    for part in options.parts:
        first, *rest = part.read_text(encoding="utf-8").splitlines()
        header = header or first
        if first != header:
            raise UserError(
                f"{part} has the columns {first!r}, but {options.parts[0]} has {header!r}; make both anew"
            )
        lines += rest
    options.metrics.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("gather_metrics", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
