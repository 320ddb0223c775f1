"""Gather what hypernetworks, requests to them and to rivals, and retrained networks took when they were made."""

from hyperforget.config.base import Section
from hyperforget.provenance.costs import cost_rows
from hyperforget.records.files import write_rows
from hyperforget.runtime.stage import Job


def run(job: Job[Section]) -> None:
    """Load, call, save."""
    write_rows(job.output("costs"), cost_rows(job.store, job.inputs["tokens"]))
