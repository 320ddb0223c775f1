"""Stage: train one shard of runs and store their admitted checkpoints as a segment."""

import argparse

from hyperforget.command import run_command
from hyperforget.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--shard", type=int, required=True)
    parser.add_input("--dataset")
    parser.add_output("--token")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    from dataclasses import asdict

    import torch

    from hyperforget.collect import SEGMENT_ARRAYS, SEGMENT_DIMENSIONS, collect_runs
    from hyperforget.config import CollectionConfig, RecipeConfig
    from hyperforget.networks import initialise
    from hyperforget.randomness import generator_for
    from hyperforget.store.objects import publish
    from hyperforget.store.tokens import write_token
    from hyperforget.tasks import conditioning_split, load_task_data

    torch.set_num_threads(options.threads)
    spec = options.spec
    config = CollectionConfig(**spec["collection"])
    data = load_task_data(options.store, options.dataset)
    layout = data.layout(spec["hidden"])
    shared = initialise(layout, 1, generator_for(spec["seed"], "shared start", options.task))
    arrays, admission = collect_runs(
        layout,
        data.train,
        conditioning_split(data, spec["protocol"]),
        RecipeConfig(**spec["recipe"]),
        config,
        spec["pivots"],
        [tuple(classes) for classes in spec["holdout"]],
        runs=spec["runs"],
        shared_start=shared if config.starts == "shared" else None,
        generator=generator_for(spec["seed"], "collect", options.task, options.shard),
    )
    counts = asdict(admission.counts())
    attributes = {
        "task": options.task,
        "shard": options.shard,
        "sizes": list(layout.sizes),
        "parameters": [asdict(parameter) for parameter in layout.parameters],
        "spec": spec,
        "admission": counts,
        "arrays": SEGMENT_ARRAYS,
    }
    object_id = publish(options.store, "segment", arrays, attributes, dimensions=SEGMENT_DIMENSIONS)
    summary = {"task": options.task, "shard": options.shard, "runs": int(arrays["saved"].shape[0])}
    write_token(options.token, "segment", object_id, summary | {"admission": counts})


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("collect_checkpoints", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
