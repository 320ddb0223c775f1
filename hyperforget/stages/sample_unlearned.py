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
    from hyperforget.hypernet.sampling import Starts, sample_networks
    from hyperforget.hypernet.stored import load_hypernetwork
    from hyperforget.metrics.measuring import measure
    from hyperforget.metrics.performance import performance_values
    from hyperforget.networks.batch import Networks
    from hyperforget.networks.initialisations import initialise
    from hyperforget.runtime.randomness import generator_for
    from hyperforget.runtime.resuming import Resumable
    from hyperforget.unlearning.candidates import (
        load_candidates,
        make_candidates,
        publish_candidates,
    )
    from hyperforget.unlearning.editing import edit_networks
    from hyperforget.unlearning.handover import export_chosen
    from hyperforget.unlearning.prompts import prompt_grid
    from hyperforget.unlearning.request import load_request
    from hyperforget.unlearning.selection import choose, choose_each

    spec = options.spec
    request = load_request(options.store, options.dataset, options.forget, spec["protocol"], options.device)
    outcomes = load_outcomes(options.store, options.corpus, request.split.class_sizes)
    hypernet = load_hypernetwork(options.store, options.hypernet)
    hypernet.model.to(options.device)
    layout = hypernet.model.layout
    clock = time.monotonic()
    prompts = prompt_grid(
        outcomes.losses, outcomes.accuracies, request.forget, PromptConfig(**spec["prompts"])
    )
    selection = SelectionConfig(**spec["selection"])
    generator = generator_for(spec["seed"], "sample", options.task, options.method, options.forget)
    resumable = Resumable(options.unfinished)
    if options.originals:
        originals = load_candidates(options.store, options.originals).candidates.networks.params
        editing = EditingConfig(**spec["sampling"])
        candidates = edit_networks(hypernet, prompts, originals, editing, request.split, generator, resumable)
        # Somebody who unlearns has one trained network: the first. The others show how much it matters.
        population = choose_each(candidates, request.split.class_sizes, request.forget, selection)
        chosen = population[0]
    else:
        sampling = SamplingConfig(**spec["sampling"])
        networks = initialise(layout, sampling.candidates, generator, spec["initialisation"])
        measured = measure(networks, request.split)
        starts = Starts(networks.params, performance_values(measured, hypernet.performance))
        prompt = torch.arange(prompts.shape[0]).repeat_interleave(sampling.candidates)
        start = torch.arange(sampling.candidates).repeat(prompts.shape[0])
        sampled = sample_networks(
            hypernet.model,
            hypernet.process,
            prompts[prompt],
            starts.take(start),
            sampling.steps,
            sampling.stochasticity,
            generator,
            resumable,
        )
        candidates = make_candidates(Networks(sampled, layout), request.split, prompt, start)
        population = None
        chosen = choose(candidates, request.split.class_sizes, request.forget, selection)
    attributes = {"task": options.task, "method": options.method, "forget": options.forget}
    publish_candidates(options.store, options.token, candidates, chosen, attributes, population)
    export_chosen(options.network, candidates, chosen, request.data, attributes)
    return {"request": options.unfinished.spent + time.monotonic() - clock}


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("sample_unlearned", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
