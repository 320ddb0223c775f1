"""Stage: read a dataset, split it and store it."""

import argparse

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_output("--token")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    from hyperforget.config import DatasetConfig
    from hyperforget.data.preparing import prepare_splits
    from hyperforget.data.splits import publish_task_data
    from hyperforget.runtime.randomness import derived_seed

    spec = options.spec
    seed = derived_seed(spec["seed"], "split", options.task) % 2**32
    arrays, pixels = prepare_splits(DatasetConfig(**spec["dataset"]), spec["classes"], seed)
    attributes = {"task": options.task, "classes": len(spec["classes"]), "labels": spec["classes"], **pixels}
    publish_task_data(options.store, options.token, arrays, attributes)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("fetch_dataset", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
