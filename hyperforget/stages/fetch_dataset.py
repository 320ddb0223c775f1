"""Stage: read a dataset, split it and store it."""

from pathlib import Path

from hyperforget.command import run_command, stage_parser
from hyperforget.config import DatasetConfig
from hyperforget.randomness import derived_seed
from hyperforget.tasks import prepare_splits, publish_task_data


def main(arguments: list[str] | None = None) -> None:
    """Parse, load, call, save."""
    parser = stage_parser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--token", type=Path, required=True)
    options = parser.parse_args(arguments)
    spec = options.spec
    seed = derived_seed(spec["seed"], "split", options.task) % 2**32
    arrays, pixels = prepare_splits(DatasetConfig(**spec["dataset"]), spec["classes"], seed)
    attributes = {"task": options.task, "classes": len(spec["classes"]), "labels": spec["classes"], **pixels}
    publish_task_data(options.store, options.token, arrays, attributes)


if __name__ == "__main__":
    run_command(main)
