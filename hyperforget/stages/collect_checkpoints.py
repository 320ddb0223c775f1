"""Stage: train one shard of runs and store their admitted checkpoints as a segment."""

from dataclasses import asdict
from pathlib import Path

import torch

from hyperforget import store
from hyperforget.collect import SEGMENT_ARRAYS, SEGMENT_DIMENSIONS, collect_runs
from hyperforget.command import run_command, stage_parser
from hyperforget.config import CollectionConfig, RecipeConfig
from hyperforget.networks import initialise
from hyperforget.randomness import generator_for
from hyperforget.tasks import conditioning_split, load_task_data


def main(arguments: list[str] | None = None) -> None:
    """Parse, load, call, save."""
    parser = stage_parser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--shard", type=int, required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--token", type=Path, required=True)
    options = parser.parse_args(arguments)
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
        runs=config.runs // config.shards + (options.shard < config.runs % config.shards),
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
    object_id = store.publish(options.store, "segment", arrays, attributes, dimensions=SEGMENT_DIMENSIONS)
    summary = {"task": options.task, "shard": options.shard, "runs": int(arrays["saved"].shape[0])}
    store.write_token(options.token, "segment", object_id, summary | {"admission": counts})


if __name__ == "__main__":
    run_command(main)
