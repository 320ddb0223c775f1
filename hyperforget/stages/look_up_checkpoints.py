"""Stage: the rival `nearest`, stored checkpoints whose losses are closest to the prompts of a forget set."""

from pathlib import Path

import torch

from hyperforget.candidates import choose, export_chosen, make_candidates, publish_candidates
from hyperforget.command import run_command, stage_parser
from hyperforget.config import LOOKUP, PromptConfig, SelectionConfig
from hyperforget.corpus import load_corpus, load_outcomes
from hyperforget.forget import parse_forget_set
from hyperforget.lookup import nearest_checkpoints
from hyperforget.metrics.classes import class_sizes
from hyperforget.prompts import prompt_grid
from hyperforget.tasks import conditioning_split, load_task_data


def main(arguments: list[str] | None = None) -> None:
    """Parse, load, call, save."""
    parser = stage_parser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--forget", required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--token", type=Path, required=True)
    parser.add_argument("--network", type=Path, required=True)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    spec = options.spec
    data = load_task_data(options.store, options.dataset)
    split = conditioning_split(data, spec["protocol"])
    sizes = class_sizes(split.labels, data.classes)
    forget = torch.tensor(parse_forget_set(options.forget, data.classes).mask(data.classes))
    outcomes = load_outcomes(options.store, options.corpus, sizes)
    prompts = prompt_grid(outcomes.losses, outcomes.accuracies, forget, PromptConfig(**spec["prompts"]))
    nearest = nearest_checkpoints(outcomes.losses, prompts, spec["candidates"])
    corpus = load_corpus(options.store, options.corpus)
    layout = data.layout(spec["hidden"])
    prompt = torch.arange(prompts.shape[0]).repeat_interleave(nearest.shape[1])
    checkpoints = corpus.theta[corpus.admitted()][nearest.flatten()]
    candidates = make_candidates(checkpoints, layout, split, prompt, nearest.flatten())
    chosen = choose(candidates, sizes, forget, SelectionConfig(**spec["selection"]))
    attributes = {"task": options.task, "method": LOOKUP, "forget": options.forget}
    publish_candidates(options.store, options.token, candidates, layout, chosen, attributes)
    export_chosen(options.network, candidates, layout, chosen, data, attributes)


if __name__ == "__main__":
    run_command(main)
