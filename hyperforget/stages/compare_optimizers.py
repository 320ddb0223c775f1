"""Stage: compare a hypernetwork that reads a start, as a learned optimiser, with SGD and Adam."""

import argparse

from hyperforget.command import run_command
from hyperforget.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__, computes=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True)
    parser.add_input("--dataset")
    parser.add_input("--corpus")
    parser.add_input("--hypernet")
    parser.add_output("--curves")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    from hyperforget.config import OptimizersConfig, RecipeConfig, SamplingConfig
    from hyperforget.corpus import load_outcomes
    from hyperforget.hypernet.files import load_hypernetwork
    from hyperforget.hypernet.optimizer_curves import compare_optimizers
    from hyperforget.metrics.classes import class_sizes
    from hyperforget.metrics.performance import performance_values
    from hyperforget.networks import initialise
    from hyperforget.prompts import best_prompt
    from hyperforget.randomness import generator_for
    from hyperforget.resumable import Resumable
    from hyperforget.rows import write_rows
    from hyperforget.tasks import conditioning_split, load_task_data

    spec = options.spec
    config, recipe = OptimizersConfig(**spec["optimizers"]), RecipeConfig(**spec["recipe"])
    data = load_task_data(options.store, options.dataset).on(options.device)
    split = conditioning_split(data, spec["protocol"])
    sizes = class_sizes(split.labels, data.classes)
    hypernet = load_hypernetwork(options.store, options.hypernet)
    hypernet.model.to(options.device)
    layout = hypernet.model.layout
    # All models of a task, and all optimisers, get the same starts; gradient descent also the same minibatches.
    starts = initialise(
        layout,
        config.networks,
        generator_for(spec["seed"], "optimizers", options.task, "starts"),
        recipe.initialisation,
    )
    outcomes = load_outcomes(options.store, options.corpus, sizes)
    performance = performance_values(outcomes.losses, outcomes.correct, sizes, hypernet.performance)
    rows = compare_optimizers(
        hypernet,
        best_prompt(outcomes.losses, performance, config.best),
        starts,
        data,
        split,
        recipe,
        config,
        SamplingConfig(**spec["sampling"]),
        generator_for(spec["seed"], "optimizers", options.task, options.model),
        lambda: generator_for(spec["seed"], "optimizers", options.task, "minibatches"),
        Resumable(options.unfinished),
    )
    write_rows(options.curves, rows)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("compare_optimizers", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
