"""What sampled networks keep and hide of a forget set, as the prompt asks for more or less of it."""

from hyperforget.config.specs import UnlearnedSweepSpec
from hyperforget.corpus.checkpoints import load_outcomes
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.networks.initialisations import initialise
from hyperforget.records.files import write_rows
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.editing import Editing, edit_networks
from hyperforget.unlearning.prompts import prompt_grid
from hyperforget.unlearning.request import load_request
from hyperforget.unlearning.trade_off import by_quantile, trade_off_rows


def run(job: Job[UnlearnedSweepSpec]) -> None:
    """Load, call, save."""
    spec, names = job.spec, job.names
    request = load_request(job.store, job.input("dataset"), names["forget"], spec.protocol, job.device)
    outcomes = load_outcomes(job.store, job.input("corpus"), request.split.class_sizes)
    hypernet = load_hypernetwork(job.store, job.input("hypernet"), request.data.labels)
    hypernet.model.to(job.device)
    prompts = prompt_grid(outcomes, request.forget, spec.swept, hypernet.performance)
    generator = generator_for(spec.seed, "sample", names["task"], names["method"], names["forget"])
    starts = initialise(hypernet.model.layout, spec.networks, generator, spec.initialisation)
    editing = Editing.of_random(spec.sampling, generator, job.resuming)
    candidates = edit_networks(hypernet, prompts, starts, request.split, editing)
    offered = {quantile: some.networks for quantile, some in by_quantile(candidates, spec.swept).items()}
    write_rows(job.output("trade_off"), trade_off_rows(offered, request.data, request.forget))
