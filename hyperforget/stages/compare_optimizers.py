"""Stage: compare a hypernetwork that reads a start, as a learned optimiser, with SGD and Adam."""

import argparse

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


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
    from hyperforget.corpus.checkpoints import load_outcomes
    from hyperforget.data.splits import conditioning_split, load_task_data
    from hyperforget.hypernet.sampling import Sampling, chain
    from hyperforget.hypernet.stored import load_hypernetwork
    from hyperforget.metrics.performance import performance_values
    from hyperforget.networks.initialisations import initialise
    from hyperforget.probing.optimizer_curves import compare_optimizers, rival_recipes
    from hyperforget.records import write_rows
    from hyperforget.runtime.randomness import generator_for
    from hyperforget.runtime.resuming import Resuming
    from hyperforget.unlearning.prompts import best_prompt

    spec = options.spec
    config, recipe = OptimizersConfig(**spec["optimizers"]), RecipeConfig(**spec["recipe"])
    data = load_task_data(options.store, options.dataset).on(options.device)
    split = conditioning_split(data, spec["protocol"])
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
    outcomes = load_outcomes(options.store, options.corpus, split.class_sizes)
    performance = performance_values(outcomes, hypernet.performance)
    sampling = Sampling(
        SamplingConfig(**spec["sampling"]),
        generator_for(spec["seed"], "optimizers", options.task, options.model),
        Resuming(options.unfinished),
    )
    prompt = best_prompt(outcomes.losses, performance, config.best)
    learned = chain(hypernet, prompt, starts, config.updates, split, sampling).params
    rows = compare_optimizers(
        learned,
        layout,
        data,
        rival_recipes(recipe, config),
        lambda: generator_for(spec["seed"], "optimizers", options.task, "minibatches"),
        sampling.resuming,
    )
    write_rows(options.curves, rows)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("compare_optimizers", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
