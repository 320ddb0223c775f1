"""Stage: sample networks that have forgotten a forget set, from random starts or from trained networks."""

import argparse
import time

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__, computes=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--method", required=True, help="what the model does, such as dihyfo-1-edit")
    parser.add_argument("--forget", required=True)
    parser.add_input("--dataset")
    parser.add_input("--corpus")
    parser.add_input("--hypernet")
    parser.add_input(
        "--originals", required=False, help="trained networks to edit; without them starts are random"
    )
    parser.add_output("--token")
    parser.add_output("--network")
    return parser


def work(options: argparse.Namespace) -> dict[str, float]:
    """Load, call, save; returns what the request took once everything was loaded."""
    import torch

    from hyperforget.config import EditingConfig, PromptConfig, SamplingConfig, SelectionConfig
    from hyperforget.corpus.checkpoints import load_outcomes
    from hyperforget.hypernet.sampling import Sampling, Starts, sample
    from hyperforget.hypernet.stored import load_hypernetwork
    from hyperforget.metrics.measuring import measure
    from hyperforget.metrics.performance import performance_values
    from hyperforget.networks.batch import Networks
    from hyperforget.networks.initialisations import initialise
    from hyperforget.runtime.randomness import generator_for
    from hyperforget.runtime.resuming import Resuming
    from hyperforget.unlearning.candidates import (
        choose,
        choose_each,
        export_chosen,
        load_candidates,
        make_candidates,
        publish_candidates,
    )
    from hyperforget.unlearning.editing import Editing, edit_networks
    from hyperforget.unlearning.prompts import prompt_grid
    from hyperforget.unlearning.request import load_request

    spec = options.spec
    request = load_request(options.store, options.dataset, options.forget, spec["protocol"], options.device)
    outcomes = load_outcomes(options.store, options.corpus, request.sizes)
    hypernet = load_hypernetwork(options.store, options.hypernet)
    hypernet.model.to(options.device)
    layout = hypernet.model.layout
    clock = time.monotonic()
    prompts = prompt_grid(
        outcomes.losses, outcomes.accuracies, request.forget, PromptConfig(**spec["prompts"])
    )
    selection = SelectionConfig(**spec["selection"])
    generator = generator_for(spec["seed"], "sample", options.task, options.method, options.forget)
    resuming = Resuming(options.unfinished)
    if options.originals:
        originals = load_candidates(options.store, options.originals).candidates.params
        editing = Editing(EditingConfig(**spec["sampling"]), generator, resuming)
        candidates = edit_networks(hypernet, prompts, originals, request.split, editing)
        # Somebody who unlearns has one trained network: the first. The others show how much it matters.
        population = choose_each(candidates, request.sizes, request.forget, selection)
        chosen = population[0]
    else:
        config = SamplingConfig(**spec["sampling"])
        params = initialise(layout, config.candidates, generator, spec["initialisation"])
        measured = measure(Networks(params, layout), request.split)
        starts = Starts(params, performance_values(measured, hypernet.performance))
        prompt = torch.arange(prompts.shape[0]).repeat_interleave(config.candidates)
        start = torch.arange(config.candidates).repeat(prompts.shape[0])
        sampling = Sampling(config, generator, resuming)
        sampled = sample(hypernet, prompts[prompt], starts.take(start), sampling)
        candidates = make_candidates(sampled, layout, request.split, prompt, start)
        population = None
        chosen = choose(candidates, request.sizes, request.forget, selection)
    attributes = {"task": options.task, "method": options.method, "forget": options.forget}
    publish_candidates(options.store, options.token, candidates, layout, chosen, attributes, population)
    export_chosen(options.network, candidates, layout, chosen, request.data, attributes)
    return {"request": options.unfinished.spent + time.monotonic() - clock}


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("sample_unlearned", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
