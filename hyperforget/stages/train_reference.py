"""Stage: train original networks on everything, or retrain networks without a forget set; many seeds at
once.
"""

import argparse

from hyperforget.command import run_command
from hyperforget.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--forget", help="forget set; without it the original networks are trained")
    parser.add_input("--dataset")
    parser.add_output("--token")
    parser.add_output("--network", help="safetensors file for seed 0", required=False)
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    import torch

    from hyperforget.candidates import export_chosen, make_candidates, publish_candidates
    from hyperforget.config import RETRAINED, RecipeConfig
    from hyperforget.forget import parse_forget_set
    from hyperforget.networks import initialise
    from hyperforget.population import constant_curriculum, train_population
    from hyperforget.randomness import generator_for
    from hyperforget.tasks import conditioning_split, load_task_data

    torch.set_num_threads(options.threads)
    spec = options.spec
    data = load_task_data(options.store, options.dataset)
    layout = data.layout(spec["hidden"])
    recipe = RecipeConfig(**spec["recipe"])
    generator = generator_for(spec["seed"], "reference", options.task, options.forget)
    rates = torch.ones(spec["count"], data.classes)
    if options.forget:
        rates[:, list(parse_forget_set(options.forget, data.classes).classes)] = 0
    params = train_population(
        initialise(layout, spec["count"], generator),
        layout,
        data.train.images,
        data.train.labels,
        recipe,
        recipe.steps,
        constant_curriculum(rates),
        torch.ones(spec["count"]),
        generator,
    )
    candidates = make_candidates(params, layout, conditioning_split(data, spec["protocol"]))
    attributes = {"task": options.task, "method": RETRAINED if options.forget else "original"}
    if options.forget:
        attributes["forget"] = options.forget
    publish_candidates(options.store, options.token, candidates, layout, 0, attributes)
    if options.network:
        export_chosen(options.network, candidates, layout, 0, data, attributes)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("train_reference", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
