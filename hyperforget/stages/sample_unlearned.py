"""Sample networks that have forgotten a forget set, from random starts or from noise."""

from hyperforget.config.specs import SamplingSpec
from hyperforget.networks.initialisations import initialise
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.candidates import publish_candidates
from hyperforget.unlearning.editing import Editing, edit_networks
from hyperforget.unlearning.handover import export_chosen
from hyperforget.unlearning.loading import load_hypernetwork_at_work
from hyperforget.unlearning.prompts import prompt_grid
from hyperforget.unlearning.request import request_of
from hyperforget.unlearning.selection import Wanted, choose


def run(job: Job[SamplingSpec]) -> None:
    """Load, call, save."""
    spec, names, config = job.spec, dict(job.names), job.spec.sampling
    data, outcomes, hypernet = load_hypernetwork_at_work(job, spec.network, spec.protocol)
    request = request_of(data, names["forget"], spec.protocol)
    layout = hypernet.model.layout
    prompts = prompt_grid(outcomes, request.forget, spec.prompts, hypernet.performance)
    generator = generator_for(spec.seed, "sample", names["task"], names["method"], names["forget"])
    networks = initialise(layout, config.candidates, generator, spec.initialisation)
    editing = Editing.of_random(config, generator, job.resuming)
    candidates = edit_networks(hypernet, prompts, networks, request.split, editing)
    chosen = choose(candidates, Wanted.of(outcomes, request.forget, spec.selection), spec.selection)
    publish_candidates(job.store, job.output("token"), candidates, chosen, names)
    export_chosen(job.output("network"), candidates, chosen, data, names)
