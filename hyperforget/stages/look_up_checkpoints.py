"""The rival `nearest`: stored checkpoints whose losses are closest to the prompts of a forget set."""

import torch

from hyperforget.config.performance import Performance
from hyperforget.config.specs import LookupSpec
from hyperforget.corpus.checkpoints import load_corpus, load_outcomes
from hyperforget.networks.batch import Networks
from hyperforget.networks.perceptron import perceptron_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.candidates import make_candidates, publish_candidates
from hyperforget.unlearning.handover import export_chosen
from hyperforget.unlearning.nearest import nearest_checkpoints
from hyperforget.unlearning.prompts import prompt_grid
from hyperforget.unlearning.request import load_request
from hyperforget.unlearning.selection import Wanted, choose


def run(job: Job[LookupSpec]) -> None:
    """Load, call, save."""
    spec, names = job.spec, dict(job.names)
    request = load_request(job.store, job.input("dataset"), names["forget"], spec.protocol, job.device)
    outcomes = load_outcomes(job.store, job.input("corpus"), request.split.class_sizes)
    prompts = prompt_grid(outcomes, request.forget, spec.prompts, Performance())
    nearest = nearest_checkpoints(outcomes.losses, prompts, spec.candidates)
    corpus = load_corpus(job.store, job.input("corpus"), Performance(), request.split.class_sizes)
    layout = perceptron_for(request.data.train, spec.hidden)
    prompt = torch.arange(prompts.shape[0]).repeat_interleave(nearest.shape[1])
    checkpoints = Networks(corpus.checkpoints()[nearest.flatten()], layout)
    candidates = make_candidates(checkpoints, request.split, prompt, nearest.flatten())
    chosen = choose(candidates, Wanted.of(outcomes, request.forget), spec.selection)
    publish_candidates(job.store, job.output("token"), candidates, chosen, names)
    export_chosen(job.output("network"), candidates, chosen, request.data, names)
