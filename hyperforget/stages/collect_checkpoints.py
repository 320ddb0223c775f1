"""Stage: train one shard of runs and store their admitted checkpoints as a segment."""

import argparse

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__, computes=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--corpus", required=True, help="name of the corpus that the runs are for")
    parser.add_argument("--shard", type=int, required=True)
    parser.add_input("--dataset")
    parser.add_output("--token")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    from dataclasses import asdict

    from hyperforget.config import MAIN_CORPUS, CollectionConfig, RecipeConfig
    from hyperforget.corpus.collecting import collect_runs
    from hyperforget.corpus.segment import SEGMENT_ARRAYS, SEGMENT_DIMENSIONS
    from hyperforget.data.splits import conditioning_split, load_task_data
    from hyperforget.networks.initialisations import initialise
    from hyperforget.networks.perceptron import perceptron_for
    from hyperforget.runtime.randomness import generator_for
    from hyperforget.runtime.resuming import Resumable
    from hyperforget.store.tokens import write_token

    spec = options.spec
    config = CollectionConfig(**spec["collection"])
    data = load_task_data(options.store, options.dataset).on(options.device)
    layout = perceptron_for(data.train, spec["hidden"])
    # Each corpus has runs of its own; those of the main one are drawn without its name.
    further = [] if options.corpus == MAIN_CORPUS else [options.corpus]
    recipes = [RecipeConfig(**recipe) for recipe in spec["recipes"]]
    shared = initialise(
        layout, 1, generator_for(spec["seed"], "shared start", options.task), recipes[0].initialisation
    )
    arrays, admission = collect_runs(
        layout,
        data.train,
        conditioning_split(data, spec["protocol"]),
        recipes,
        config,
        spec["pivots"],
        [tuple(classes) for classes in spec["holdout"]],
        runs=spec["runs"],
        shared_start=shared if config.starts == "shared" else None,
        generator=generator_for(spec["seed"], "collect", options.task, *further, options.shard),
        resumable=Resumable(options.unfinished),
    )
    counts = asdict(admission.counts())
    named = {"task": options.task, "corpus": options.corpus, "shard": options.shard}
    attributes = {
        **named,
        "sizes": list(layout.sizes),
        "parameters": [asdict(parameter) for parameter in layout.parameters],
        "spec": spec,
        "admission": counts,
        "arrays": SEGMENT_ARRAYS,
    }
    object_id = options.store.publish("segment", arrays, attributes, dimensions=SEGMENT_DIMENSIONS)
    summary = named | {"runs": int(arrays["saved"].shape[0]), "admission": counts}
    write_token(options.token, "segment", object_id, summary)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("collect_checkpoints", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
