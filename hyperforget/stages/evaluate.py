"""Stage: evaluate all methods on one forget set."""

import argparse

from hyperforget.errors import run_command
from hyperforget.progress import progress
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__, computes=True, light=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--forget", required=True)
    parser.add_input("--dataset")
    parser.add_argument("--methods", nargs="+", required=True)
    parser.add_input("--networks", nargs="+", help="tokens, in the order of --methods")
    parser.add_output("--metrics")
    parser.add_output("--candidates")
    parser.add_output("--confusion")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    from hyperforget.config import RETRAINED, EvaluationConfig
    from hyperforget.metrics.evaluate import Subject, evaluate_networks
    from hyperforget.records import write_rows
    from hyperforget.unlearning.candidates import load_candidates
    from hyperforget.unlearning.judging import (
        candidate_rows,
        confusion_rows,
        gold_standard_of,
        predictions_of,
        usable_row,
    )
    from hyperforget.unlearning.request import load_request

    spec = options.spec
    request = load_request(options.store, options.dataset, options.forget, spec["protocol"], options.device)
    data = request.data
    batches = {
        method: load_candidates(options.store, token)
        for method, token in zip(options.methods, options.networks, strict=True)
    }
    standard = gold_standard_of(batches[RETRAINED], data, request.forget)
    offered = {
        method: candidate_rows(method, stored, request.split.class_sizes, request.forget)
        for method, stored in batches.items()
    }
    limit = EvaluationConfig(**spec["evaluation"]).membership_networks
    metrics, candidates, confusion = [], [], []
    for method, stored in progress(batches.items(), len(batches), "evaluating", "method"):
        subject = Subject(options.task, method, options.forget)
        metrics += evaluate_networks(
            predictions_of(stored, data), standard, subject, membership_networks=limit
        )
        metrics.append(usable_row(subject, offered[method], offered[RETRAINED]))
        candidates += offered[method]
        confusion += confusion_rows(method, stored, standard, data)
    write_rows(options.metrics, metrics)
    write_rows(options.candidates, candidates)
    write_rows(options.confusion, confusion)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("evaluate", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
