"""Edit trained networks with a hypernetwork, so that they forget a forget set."""

from hyperforget.config.specs import EditingSpec
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.candidates import load_candidates, publish_candidates
from hyperforget.unlearning.editing import Editing, edit_networks
from hyperforget.unlearning.handover import export_chosen
from hyperforget.unlearning.loading import load_hypernetwork_at_work
from hyperforget.unlearning.prompts import prompt_grid
from hyperforget.unlearning.request import request_of
from hyperforget.unlearning.selection import Wanted, choose_each


def run(job: Job[EditingSpec]) -> None:
    """Load, call, save."""
    spec, names = job.spec, dict(job.names)
    data, outcomes, hypernet = load_hypernetwork_at_work(job, spec.network, spec.protocol)
    request = request_of(data, names["forget"], spec.protocol)
    prompts = prompt_grid(outcomes, request.forget, spec.prompts, hypernet.performance)
    generator = generator_for(spec.seed, "sample", names["task"], names["method"], names["forget"])
    originals = load_candidates(job.store, job.input("originals")).candidates.networks
    editing = Editing(spec.editing, generator, job.resuming)
    candidates = edit_networks(hypernet, prompts, originals, request.split, editing)
    # Somebody who unlearns has one trained network: the first. The others show how much it matters.
    population = choose_each(candidates, Wanted.of(outcomes, request.forget, spec.selection), spec.selection)
    publish_candidates(job.store, job.output("token"), candidates, population[0], names, population)
    export_chosen(job.output("network"), candidates, population[0], data, names)
