"""Stage: sample networks that have forgotten a forget set, from random starts or from trained networks."""

from pathlib import Path

import torch

from hyperforget.candidates import (
    choose,
    export_chosen,
    load_candidates,
    make_candidates,
    measure,
    publish_candidates,
)
from hyperforget.command import run_command, stage_parser
from hyperforget.config import EDIT, PromptConfig, SamplingConfig, SelectionConfig
from hyperforget.corpus import load_outcomes
from hyperforget.forget import parse_forget_set
from hyperforget.hypernet.files import load_hypernetwork
from hyperforget.hypernet.sampling import Starts, sample_networks
from hyperforget.metrics.classes import class_sizes
from hyperforget.networks import initialise
from hyperforget.prompts import prompt_grid
from hyperforget.randomness import generator_for
from hyperforget.tasks import conditioning_split, load_task_data


def main(arguments: list[str] | None = None) -> None:
    """Parse, load, call, save."""
    parser = stage_parser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--forget", required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--hypernet", type=Path, required=True)
    parser.add_argument(
        "--originals", type=Path, help="trained networks to edit; without them starts are random"
    )
    parser.add_argument("--token", type=Path, required=True)
    parser.add_argument("--network", type=Path, required=True)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    spec = options.spec
    data = load_task_data(options.store, options.dataset)
    split = conditioning_split(data, spec["protocol"])
    sizes = class_sizes(split.labels, data.classes)
    forget = torch.tensor(parse_forget_set(options.forget, data.classes).mask(data.classes))
    outcomes = load_outcomes(options.store, options.corpus, sizes)
    prompts = prompt_grid(outcomes.losses, outcomes.accuracies, forget, PromptConfig(**spec["prompts"]))
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
    starts = Starts(params, measure(params, layout, split)[0])
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
    candidates = make_candidates(sampled, layout, split, prompt, start)
    # Somebody who unlearns has one trained network: the first original. The others show how much that
    # matters.
    only = 0 if options.originals else None
    chosen = choose(candidates, sizes, forget, SelectionConfig(**spec["selection"]), only)
    attributes = {"task": options.task, "method": method, "forget": options.forget}
    publish_candidates(options.store, options.token, candidates, layout, chosen, attributes)
    export_chosen(options.network, candidates, layout, chosen, data, attributes)


if __name__ == "__main__":
    run_command(main)
