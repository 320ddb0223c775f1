"""Stage: gather what hypernetworks, requests to them and retrained networks took when they were made."""

import argparse

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__)
    parser.add_input("--tokens", nargs="+", help="hypernetworks, and networks sampled from them or retrained")
    parser.add_output("--costs")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    from hyperforget.provenance.costs import cost_rows
    from hyperforget.records import write_rows

    write_rows(options.costs, cost_rows(options.store, options.tokens))


def main(arguments: list[str] | None = None) -> None:
    """Run the stage; equal tokens can have been made anew in another time, so it is never restored."""
    stage_main("gather_costs", parser(), work, arguments, repeatable=False)


if __name__ == "__main__":
    run_command(main)
