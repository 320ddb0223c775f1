"""Read a dataset, split it and store it."""

from pathlib import Path

from hyperforget.config.specs import DatasetSpec
from hyperforget.data.preparing import prepare_splits
from hyperforget.data.splits import publish_task_data
from hyperforget.errors import UserError
from hyperforget.runtime.randomness import derived_seed
from hyperforget.runtime.stage import Job
from hyperforget.store.files import file_digest


def run(job: Job[DatasetSpec]) -> None:
    """Load, call, save."""
    spec = job.spec
    if spec.content is not None and file_digest(Path(spec.dataset.path or "")) != spec.content:
        raise UserError(f"{spec.dataset.path} has changed since the run was planned; start the run again")
    seed = derived_seed(spec.split_seed, "split", spec.split_of) % 2**32
    arrays, pixels = prepare_splits(spec.dataset, spec.classes, seed)
    attributes = {"task": spec.split_of, "classes": len(spec.classes), "labels": spec.classes, **pixels}
    publish_task_data(job.store, job.output("token"), arrays, attributes)
