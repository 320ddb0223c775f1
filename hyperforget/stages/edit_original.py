"""Stage: apply a classic unlearning method to trained networks."""

import argparse

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__, computes=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--method", required=True, help="as registered, on strangers with their suffix")
    parser.add_argument("--forget", required=True)
    parser.add_input("--dataset")
    parser.add_input("--originals", help="the trained networks")
    parser.add_output("--token")
    parser.add_output("--network")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    import torch

    from hyperforget.config import STRANGERS
    from hyperforget.runtime.randomness import generator_for
    from hyperforget.unlearning.candidates import (
        load_candidates,
        make_candidates,
        publish_candidates,
    )
    from hyperforget.unlearning.handover import export_chosen
    from hyperforget.unlearning.methods import unlearning_method
    from hyperforget.unlearning.request import load_request

    spec = options.spec
    request = load_request(options.store, options.dataset, options.forget, spec["protocol"], options.device)
    stored = load_candidates(options.store, options.originals)
    generator = generator_for(spec["seed"], "edit", options.task, options.method, options.forget)
    unlearn = unlearning_method(options.method.removesuffix(STRANGERS))
    originals, forget = stored.candidates.networks.to(options.device), request.forget.to(options.device)
    unlearned = unlearn(originals, forget, request.data.train, generator).to(torch.device("cpu"))
    candidates = make_candidates(unlearned, request.split)
    # The first is the network that somebody has; the others show how much that matters.
    attributes = {"task": options.task, "method": options.method, "forget": options.forget}
    publish_candidates(options.store, options.token, candidates, 0, attributes)
    export_chosen(options.network, candidates, 0, request.data, attributes)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("edit_original", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
