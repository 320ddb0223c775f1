"""What sampled networks keep and hide of each forget set, as the prompt asks for more or less of it."""

from hyperforget.config.specs import UnlearnedSweepSpec
from hyperforget.networks.batch import Networks
from hyperforget.networks.initialisations import initialise
from hyperforget.records.files import write_rows
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.editing import Editing, edit_networks
from hyperforget.unlearning.levels import fit_levels
from hyperforget.unlearning.loading import load_hypernetwork_at_work
from hyperforget.unlearning.prompts import prompt_grid
from hyperforget.unlearning.request import Request, request_of
from hyperforget.unlearning.trade_off import by_quantile, sweep


def run(job: Job[UnlearnedSweepSpec]) -> None:
    """Load, call, save."""
    spec, names = job.spec, job.names
    # One for all forget sets: it counts the chunks of networks that it remembers.
    resuming = job.resuming
    data, outcomes, hypernet = load_hypernetwork_at_work(job, spec.network, spec.protocol)
    requests = {forget: request_of(data, forget, spec.protocol) for forget in spec.forget_sets}
    levels = fit_levels(outcomes, hypernet.performance)

    def offers(forget: str, request: Request) -> dict[float, Networks]:
        prompts = prompt_grid(outcomes, request.forget, spec.swept, hypernet.performance, levels)
        generator = generator_for(spec.seed, "sample", names["task"], names["method"], forget)
        starts = initialise(hypernet.model.layout, spec.networks, generator, spec.initialisation)
        editing = Editing.of_random(spec.sampling, generator, resuming)
        candidates = edit_networks(hypernet, prompts, starts, request.split, editing)
        return {quantile: some.networks for quantile, some in by_quantile(candidates, spec.swept).items()}

    write_rows(job.output("trade_off"), sweep(requests, offers))
