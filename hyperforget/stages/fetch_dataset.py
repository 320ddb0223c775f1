"""Read a dataset, split it and store it."""

from hyperforget.config.raw_files import content_of
from hyperforget.config.specs import DatasetSpec
from hyperforget.data.preparing import prepare_splits, split_seed
from hyperforget.data.splits import publish_task_data
from hyperforget.errors import UserError
from hyperforget.runtime.stage import Job


def run(job: Job[DatasetSpec]) -> None:
    """Load, call, save."""
    spec = job.spec
    if content_of(spec.dataset) != spec.content:
        read = spec.dataset.path or spec.dataset.file or spec.dataset.name
        raise UserError(f"what {read} is read from has changed since the run was planned; start the run again")
    arrays, pixels = prepare_splits(spec.dataset, spec.classes, split_seed(spec.split_seed, spec.split_of), spec.groups)
    labels = spec.groups or spec.classes
    answers = {"answers": spec.classes} if spec.groups else {}
    attributes = {"task": spec.split_of, "classes": len(labels), "labels": labels, **answers, **pixels}
    publish_task_data(job.store, job.output("token"), arrays, attributes)
