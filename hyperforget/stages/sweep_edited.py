"""What edited networks keep and hide of a forget set, as the prompt asks for more or less of it."""

from hyperforget.config.specs import EditedSweepSpec
from hyperforget.corpus.checkpoints import load_outcomes
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.records.files import write_rows
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.candidates import load_candidates
from hyperforget.unlearning.editing import Editing, edit_networks
from hyperforget.unlearning.prompts import prompt_grid
from hyperforget.unlearning.request import load_request
from hyperforget.unlearning.selection import Wanted, choose_each
from hyperforget.unlearning.trade_off import by_quantile, trade_off_rows


def run(job: Job[EditedSweepSpec]) -> None:
    """Load, call, save."""
    spec, names = job.spec, job.names
    request = load_request(job.store, job.input("dataset"), names["forget"], spec.protocol, job.device)
    outcomes = load_outcomes(job.store, job.input("corpus"), request.split.class_sizes)
    hypernet = load_hypernetwork(job.store, job.input("hypernet"), request.data.labels)
    hypernet.model.to(job.device)
    prompts = prompt_grid(outcomes, request.forget, spec.swept, hypernet.performance)
    # The noise of a request: at the same prompt the same networks.
    generator = generator_for(spec.seed, "sample", names["task"], names["method"], names["forget"])
    originals = load_candidates(job.store, job.input("originals")).candidates.networks[: spec.networks]
    editing = Editing(spec.editing, generator, job.resuming)
    candidates = edit_networks(hypernet, prompts, originals, request.split, editing)
    wanted = Wanted.of(outcomes, request.forget, spec.selection)
    # Of the edits of a trained network the one that would be handed over, as in the metrics.
    offered = {
        quantile: some.networks[choose_each(some, wanted, spec.selection)]
        for quantile, some in by_quantile(candidates, spec.swept).items()
    }
    write_rows(job.output("trade_off"), trade_off_rows(offered, request.data, request.forget))
