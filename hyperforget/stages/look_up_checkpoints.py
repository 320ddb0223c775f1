"""The rival `nearest`: the checkpoint that the rule of selection takes of a whole corpus."""

from hyperforget.collection.checkpoints import load_corpus, load_outcomes
from hyperforget.config.performance import Performance
from hyperforget.config.specs import LookupSpec
from hyperforget.networks.batch import Networks
from hyperforget.networks.kinds import layout_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.candidates import make_candidates, publish_candidates
from hyperforget.unlearning.handover import export_chosen
from hyperforget.unlearning.nearest import offer_checkpoints
from hyperforget.unlearning.prompts import prompt_grid
from hyperforget.unlearning.request import load_request
from hyperforget.unlearning.selection import Wanted, choose


def run(job: Job[LookupSpec]) -> None:
    """Load, call, save."""
    spec, names = job.spec, dict(job.names)
    request = load_request(job.store, job.input("dataset"), names["forget"], spec.protocol, job.device)
    outcomes = load_outcomes(job.store, job.input("corpus"), request.split.class_sizes)
    prompts = prompt_grid(outcomes, request.forget, spec.prompts, Performance())
    # By what is stored about all checkpoints; parameters are read only of those that are offered.
    chosen = choose(outcomes, Wanted.of(outcomes, request.forget, spec.selection), spec.selection)
    offered = offer_checkpoints(outcomes.losses, prompts, spec.candidates, chosen)
    corpus = load_corpus(job.store, job.input("corpus"), Performance(), request.split.class_sizes)
    layout = layout_for(spec.network, request.data.image, request.data.outputs)
    checkpoints = Networks(corpus.checkpoints()[offered.checkpoint], layout)
    candidates = make_candidates(checkpoints, request.split, offered.prompt, offered.checkpoint)
    publish_candidates(job.store, job.output("token"), candidates, offered.chosen, names)
    export_chosen(job.output("network"), candidates, offered.chosen, request.data, names)
