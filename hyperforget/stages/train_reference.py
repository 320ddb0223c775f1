"""Stage: train original networks or strangers on everything, or retrain networks without a forget set; many
seeds at once.
"""

import argparse
import time

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__, computes=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--forget", help="forget set; without it networks are trained on everything")
    parser.add_argument("--strangers", action="store_true", help="train strangers instead of originals")
    parser.add_input("--dataset")
    parser.add_output("--token")
    parser.add_output("--network", help="safetensors file for seed 0", required=False)
    return parser


def work(options: argparse.Namespace) -> dict[str, float]:
    """Load, call, save; returns what training one network alone takes, and one of all at once."""
    import torch

    from hyperforget.config import RETRAINED, RecipeConfig
    from hyperforget.data.splits import conditioning_split, load_task_data
    from hyperforget.forget_set import parse_forget_set
    from hyperforget.networks.initialisations import initialise
    from hyperforget.networks.perceptron import perceptron_for
    from hyperforget.networks.training import constant_curriculum, train_population
    from hyperforget.runtime.randomness import generator_for
    from hyperforget.runtime.resuming import Resuming
    from hyperforget.unlearning.candidates import export_chosen, make_candidates, publish_candidates
    from hyperforget.unlearning.retraining import seconds_alone

    spec = options.spec
    data = load_task_data(options.store, options.dataset).on(options.device)
    layout = perceptron_for(data.train, spec["hidden"])
    recipe = RecipeConfig(**spec["recipe"])
    method = RETRAINED if options.forget else "strangers" if options.strangers else "original"
    purpose = "strangers" if options.strangers else "reference"
    generator = generator_for(spec["seed"], purpose, options.task, options.forget)
    rates = torch.ones(spec["count"], data.classes)
    if options.forget:
        rates[:, list(parse_forget_set(options.forget, data.classes).classes)] = 0
    clock = time.monotonic()
    params = train_population(
        initialise(layout, spec["count"], generator, recipe.initialisation),
        layout,
        data.train.images,
        data.train.labels,
        recipe,
        recipe.steps,
        constant_curriculum(rates),
        torch.ones(spec["count"]),
        generator,
        resuming=Resuming(options.unfinished),
    )
    together = options.unfinished.spent + time.monotonic() - clock
    candidates = make_candidates(params, layout, conditioning_split(data, spec["protocol"]))
    attributes = {"task": options.task, "method": method}
    if options.forget:
        attributes["forget"] = options.forget
    publish_candidates(options.store, options.token, candidates, layout, 0, attributes)
    if options.network:
        export_chosen(options.network, candidates, layout, 0, data, attributes)
    alone = seconds_alone(layout, data.train, recipe)
    return {"network_alone": alone, "network_together": together / spec["count"]}


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("train_reference", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
