"""Evaluate all methods on one forget set."""

from hyperforget.config.methods import RETRAINED
from hyperforget.config.specs import EvaluationSpec
from hyperforget.metrics.evaluate import Subject, evaluate_networks
from hyperforget.progress import progress
from hyperforget.records.files import write_rows
from hyperforget.runtime.stage import Job
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.candidates import load_candidates
from hyperforget.unlearning.judging import (
    candidate_rows,
    confusion_rows,
    gold_standard_of,
    predictions_of,
    selected_retrained,
    usable_row,
)
from hyperforget.unlearning.recovery import recovery_rows
from hyperforget.unlearning.request import load_request


def run(job: Job[EvaluationSpec]) -> None:
    """Load, call, save."""
    spec, task, forget = job.spec, job.names["task"], job.names["forget"]
    request = load_request(job.store, job.input("dataset"), forget, spec.protocol, job.device)
    data = request.data
    batches = {
        read_token(token).summary["method"]: load_candidates(job.store, token) for token in job.inputs["networks"]
    }
    sizes = request.split.class_sizes
    standard = gold_standard_of(batches[RETRAINED], data, request.forget)
    selected = {RETRAINED: selected_retrained(batches[RETRAINED], sizes, request.forget, spec.selection)}
    offered = {method: candidate_rows(method, stored, sizes, request.forget) for method, stored in batches.items()}
    metrics, candidates, confusion = [], [], []
    for method, stored in progress(batches.items(), len(batches), "evaluating", "method"):
        subject = Subject(task, method, forget)
        metrics += evaluate_networks(
            predictions_of(stored, data, selected.get(method)),
            standard,
            subject,
            membership_networks=spec.evaluation.membership_networks,
        )
        metrics += recovery_rows(stored, data, request.forget, subject, spec.evaluation.recovery_networks)
        metrics.append(usable_row(subject, offered[method], offered[RETRAINED]))
        candidates += offered[method]
        confusion += confusion_rows(method, stored, standard, data)
    write_rows(job.output("metrics"), metrics)
    write_rows(job.output("candidates"), candidates)
    write_rows(job.output("confusion"), confusion)
