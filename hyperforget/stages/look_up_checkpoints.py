"""Stage: the rival `nearest`, stored checkpoints whose losses are closest to the prompts of a forget set."""

import argparse

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__, computes=True, light=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--forget", required=True)
    parser.add_input("--dataset")
    parser.add_input("--corpus")
    parser.add_output("--token")
    parser.add_output("--network")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    import torch

    from hyperforget.config import LOOKUP, Performance, PromptConfig, SelectionConfig
    from hyperforget.corpus.checkpoints import load_corpus, load_outcomes
    from hyperforget.networks.batch import Networks
    from hyperforget.networks.perceptron import perceptron_for
    from hyperforget.unlearning.candidates import make_candidates, publish_candidates
    from hyperforget.unlearning.handover import export_chosen
    from hyperforget.unlearning.nearest import nearest_checkpoints
    from hyperforget.unlearning.prompts import prompt_grid
    from hyperforget.unlearning.request import load_request
    from hyperforget.unlearning.selection import choose

    spec = options.spec
    request = load_request(options.store, options.dataset, options.forget, spec["protocol"], options.device)
    outcomes = load_outcomes(options.store, options.corpus, request.split.class_sizes)
    prompts = prompt_grid(
        outcomes.losses, outcomes.accuracies, request.forget, PromptConfig(**spec["prompts"])
    )
    nearest = nearest_checkpoints(outcomes.losses, prompts, spec["candidates"])
    corpus = load_corpus(options.store, options.corpus, Performance(), request.split.class_sizes)
    layout = perceptron_for(request.data.train, spec["hidden"])
    prompt = torch.arange(prompts.shape[0]).repeat_interleave(nearest.shape[1])
    checkpoints = Networks(corpus.checkpoints()[nearest.flatten()], layout)
    candidates = make_candidates(checkpoints, request.split, prompt, nearest.flatten())
    chosen = choose(
        candidates, request.split.class_sizes, request.forget, SelectionConfig(**spec["selection"])
    )
    attributes = {"task": options.task, "method": LOOKUP, "forget": options.forget}
    publish_candidates(options.store, options.token, candidates, chosen, attributes)
    export_chosen(options.network, candidates, chosen, request.data, attributes)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("look_up_checkpoints", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
