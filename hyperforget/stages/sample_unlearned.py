"""Stage: sample networks that have forgotten a forget set, from random starts or from trained networks."""

import argparse

from hyperforget.command import run_command
from hyperforget.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True)
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


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    import torch

    from hyperforget.candidates import (
        choose,
        export_chosen,
        load_candidates,
        make_candidates,
        measure,
        publish_candidates,
    )
    from hyperforget.config import EDIT, PromptConfig, SamplingConfig, SelectionConfig
    from hyperforget.corpus import load_outcomes
    from hyperforget.hypernet.files import load_hypernetwork
    from hyperforget.hypernet.sampling import Starts, sample_networks
    from hyperforget.networks import initialise
    from hyperforget.prompts import prompt_grid
    from hyperforget.randomness import generator_for
    from hyperforget.request import load_request

    torch.set_num_threads(options.threads)
    spec = options.spec
    request = load_request(options.store, options.dataset, options.forget, spec["protocol"])
    outcomes = load_outcomes(options.store, options.corpus, request.sizes)
    prompts = prompt_grid(
        outcomes.losses, outcomes.accuracies, request.forget, PromptConfig(**spec["prompts"])
    )
    hypernet = load_hypernetwork(options.store, options.hypernet)
    layout = hypernet.model.layout
    sampling = SamplingConfig(**spec["sampling"])
    method = options.model + EDIT if options.originals else options.model
    generator = generator_for(spec["seed"], "sample", options.task, method, options.forget)
    if options.originals:
        params = load_candidates(options.store, options.originals).candidates.params
        start = torch.arange(params.shape[0]).repeat_interleave(sampling.candidates)
    else:
        params = initialise(layout, sampling.candidates, generator)
        start = torch.arange(sampling.candidates)
    starts = Starts(params, measure(params, layout, request.split)[0])
    prompt = torch.arange(prompts.shape[0]).repeat_interleave(start.shape[0])
    start = start.repeat(prompts.shape[0])
    sampled = sample_networks(
        hypernet.model,
        hypernet.process,
        prompts[prompt],
        starts.take(start),
        sampling.steps,
        sampling.stochasticity,
        generator,
    )
    candidates = make_candidates(sampled, layout, request.split, prompt, start)
    # Somebody who unlearns has one trained network: the first original. The others show how much it matters.
    only = 0 if options.originals else None
    chosen = choose(candidates, request.sizes, request.forget, SelectionConfig(**spec["selection"]), only)
    attributes = {"task": options.task, "method": method, "forget": options.forget}
    publish_candidates(options.store, options.token, candidates, layout, chosen, attributes)
    export_chosen(options.network, candidates, layout, chosen, request.data, attributes)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("sample_unlearned", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
