"""Sample networks that have forgotten a forget set, from random starts or from noise."""

import time

import torch

from hyperforget.config.specs import SamplingSpec
from hyperforget.corpus.checkpoints import load_outcomes
from hyperforget.hypernet.sampling import Starts, sample_networks
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.metrics.measuring import measure
from hyperforget.metrics.performance import performance_values
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.candidates import choose, export_chosen, make_candidates, publish_candidates
from hyperforget.unlearning.prompts import prompt_grid
from hyperforget.unlearning.request import load_request


def run(job: Job[SamplingSpec]) -> dict[str, float]:
    """Load, call, save; returns what the request took once everything was loaded."""
    spec, names, sampling = job.spec, dict(job.names), job.spec.sampling
    request = load_request(job.store, job.input("dataset"), names["forget"], spec.protocol, job.device)
    outcomes = load_outcomes(job.store, job.input("corpus"), request.sizes)
    hypernet = load_hypernetwork(job.store, job.input("hypernet"))
    hypernet.model.to(job.device)
    layout = hypernet.model.layout
    clock = time.monotonic()
    prompts = prompt_grid(outcomes.losses, outcomes.accuracies, request.forget, spec.prompts)
    generator = generator_for(spec.seed, "sample", names["task"], names["method"], names["forget"])
    params = initialise(layout, sampling.candidates, generator, spec.initialisation)
    measured = measure(Networks(params, layout), request.split)
    starts = Starts(params, performance_values(measured, hypernet.performance))
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
        job.resuming,
    )
    candidates = make_candidates(sampled, layout, request.split, prompt, start)
    chosen = choose(candidates, request.sizes, request.forget, spec.selection)
    publish_candidates(job.store, job.output("token"), candidates, layout, chosen, names)
    export_chosen(job.output("network"), candidates, layout, chosen, request.data, names)
    return {"request": job.unfinished.spent + time.monotonic() - clock}
