"""Stage: evaluate all methods on one forget set."""

from pathlib import Path

import torch

from hyperforget.candidates import load_candidates
from hyperforget.command import progress, run_command, stage_parser
from hyperforget.comparison import candidate_rows, confusion_rows, outputs_of, reference_of
from hyperforget.config import RETRAINED, EvaluationConfig
from hyperforget.forget import parse_forget_set
from hyperforget.metrics.classes import class_sizes
from hyperforget.metrics.evaluate import evaluate_networks
from hyperforget.rows import write_rows
from hyperforget.tasks import conditioning_split, load_task_data


def main(arguments: list[str] | None = None) -> None:
    """Parse, load, call, save."""
    parser = stage_parser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--forget", required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--methods", nargs="+", required=True)
    parser.add_argument(
        "--networks", type=Path, nargs="+", required=True, help="tokens, in the order of --methods"
    )
    parser.add_argument("--metrics", type=Path, required=True)
    parser.add_argument("--candidates", type=Path, required=True)
    parser.add_argument("--confusion", type=Path, required=True)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    spec = options.spec
    data = load_task_data(options.store, options.dataset)
    forget = torch.tensor(parse_forget_set(options.forget, data.classes).mask(data.classes))
    sizes = class_sizes(conditioning_split(data, spec["protocol"]).labels, data.classes)
    batches = {
        method: load_candidates(options.store, token)
        for method, token in zip(options.methods, options.networks, strict=True)
    }
    reference = reference_of(batches[RETRAINED], data, forget)
    limit = EvaluationConfig(**spec["evaluation"]).membership_networks
    metrics, candidates, confusion = [], [], []
    for method, stored in progress(batches.items(), len(batches), "evaluating", "method"):
        metrics += evaluate_networks(
            outputs_of(stored, data),
            reference,
            task=options.task,
            method=method,
            forget=options.forget,
            membership_networks=limit,
        )
        candidates += candidate_rows(method, stored, sizes, forget)
        confusion += confusion_rows(method, stored, reference, data)
    write_rows(options.metrics, metrics)
    write_rows(options.candidates, candidates)
    write_rows(options.confusion, confusion)


if __name__ == "__main__":
    run_command(main)
