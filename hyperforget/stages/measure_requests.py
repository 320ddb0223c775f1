"""Time requests to everything that forgets on a task, and retraining, on one thread."""

from hyperforget.collection.checkpoints import load_outcomes
from hyperforget.config.methods import NEAREST
from hyperforget.config.specs import RequestsSpec
from hyperforget.data.splits import conditioning_split, load_task_data, need_classes
from hyperforget.generator.exporting import Made, export
from hyperforget.records.files import write_rows
from hyperforget.runtime.stage import Job
from hyperforget.store.tokens import read_token
from hyperforget.timing.requests import Asking, generator_rows, lookup_row, retraining_row, rival_row, with_epoch
from hyperforget.unlearning.candidates import load_candidates


def run(job: Job[RequestsSpec]) -> None:
    """Load, call, save."""
    spec, task = job.spec, job.names["task"]
    data = load_task_data(job.store, job.input("dataset")).to(job.device)
    need_classes(data, "times of requests")
    originals = load_candidates(job.store, job.input("originals")).candidates.networks
    split = conditioning_split(data, spec.protocol)
    free = tuple(label for label in data.labels if label not in spec.pivots)
    asking = Asking(task, originals, spec.recipe, data, split, free)
    retrained = retraining_row(asking)
    rows = [retrained]
    for corpus, hypernet in zip(job.inputs["corpora"], job.inputs["hypernets"], strict=True):
        model = read_token(hypernet, kind="hypernet").summary["model"]
        if model in spec.generators:
            made = Made(task, model, job.input("dataset"), corpus, hypernet)
            rows += generator_rows(asking, export(job.store, made, spec.generators[model], []))
    for rival in spec.rivals:
        if rival == NEAREST:
            outcomes = load_outcomes(job.store, job.input("corpus"), split.class_sizes)
            rows.append(lookup_row(asking, outcomes, spec.selection))
        else:
            row = rival_row(asking, rival)
            rows.append(with_epoch(row, retrained) if rival == "finetune" else row)
    write_rows(job.output("requests"), rows)
