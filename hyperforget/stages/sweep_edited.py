"""What edited networks keep and hide of each forget set, as the prompt asks for more or less of it."""

from hyperforget.config.specs import EditedSweepSpec
from hyperforget.networks.batch import Networks
from hyperforget.records.files import write_rows
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.candidates import load_candidates
from hyperforget.unlearning.editing import Editing, edit_networks
from hyperforget.unlearning.levels import fit_levels
from hyperforget.unlearning.loading import load_hypernetwork_at_work
from hyperforget.unlearning.prompts import prompt_grid
from hyperforget.unlearning.request import Request, request_of
from hyperforget.unlearning.selection import Wanted, choose_each
from hyperforget.unlearning.trade_off import by_quantile, sweep


def run(job: Job[EditedSweepSpec]) -> None:
    """Load, call, save."""
    spec, names = job.spec, job.names
    # One for all forget sets: it counts the chunks of networks that it remembers.
    resuming = job.resuming
    data, outcomes, hypernet = load_hypernetwork_at_work(job, spec.network, spec.protocol)
    requests = {forget: request_of(data, forget, spec.protocol) for forget in spec.forget_sets}
    originals = load_candidates(job.store, job.input("originals")).candidates.networks[: spec.networks]
    levels = fit_levels(outcomes, hypernet.performance)

    def offers(forget: str, request: Request) -> dict[float, Networks]:
        prompts = prompt_grid(outcomes, request.forget, spec.swept, hypernet.performance, levels)
        # The noise of a request: at the same prompt the same networks.
        generator = generator_for(spec.seed, "sample", names["task"], names["method"], forget)
        editing = Editing(spec.editing, generator, resuming)
        candidates = edit_networks(hypernet, prompts, originals, request.split, editing)
        wanted = Wanted.of(outcomes, request.forget, spec.selection)
        # Of the edits of a trained network the one that would be handed over, as in the metrics.
        return {
            quantile: some.networks[choose_each(some, wanted, spec.selection)]
            for quantile, some in by_quantile(candidates, spec.swept).items()
        }

    write_rows(job.output("trade_off"), sweep(requests, offers))
