"""Gather what collections and trainings took when they were made, and what requests and retraining take."""

from hyperforget.config.specs import CostsSpec
from hyperforget.provenance.costs import cost_rows
from hyperforget.records.costs import RequestRow
from hyperforget.records.files import read_rows, write_rows
from hyperforget.runtime.stage import Job


def run(job: Job[CostsSpec]) -> None:
    """Load, call, save."""
    requests = [row for path in job.inputs.get("requests", []) for row in read_rows(path, RequestRow)]
    write_rows(job.output("costs"), cost_rows(job.store, job.inputs["tokens"], requests, job.spec.hypernets_of))
