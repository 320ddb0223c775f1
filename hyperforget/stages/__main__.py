"""Run one stage: ``python -m hyperforget.stages <stage> --store ... --spec ...``; see `interfaces`."""

import sys

from hyperforget.errors import UserError, nearest_choice, run_command
from hyperforget.runtime.stage import run_stage
from hyperforget.stages.interfaces import STAGES


def main() -> None:
    """Run the stage that the first argument names, with the others."""
    name, *arguments = sys.argv[1:] or [""]
    if name not in STAGES:
        raise UserError(f"stage {name!r} is unknown; allowed are {', '.join(STAGES)}{nearest_choice(name, STAGES)}")
    run_stage(name, STAGES[name], arguments)


if __name__ == "__main__":
    run_command(main)
