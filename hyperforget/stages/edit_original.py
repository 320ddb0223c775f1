"""Stage: apply a classic unlearning method to the original networks."""

from pathlib import Path

import torch

from hyperforget.candidates import export_chosen, load_candidates, make_candidates, publish_candidates
from hyperforget.command import run_command, stage_parser
from hyperforget.forget import parse_forget_set
from hyperforget.randomness import generator_for
from hyperforget.tasks import conditioning_split, load_task_data
from hyperforget.unlearn import UNLEARNING_METHODS


def main(arguments: list[str] | None = None) -> None:
    """Parse, load, call, save."""
    parser = stage_parser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--method", required=True, choices=UNLEARNING_METHODS)
    parser.add_argument("--forget", required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--originals", type=Path, required=True)
    parser.add_argument("--token", type=Path, required=True)
    parser.add_argument("--network", type=Path, required=True)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    spec = options.spec
    data = load_task_data(options.store, options.dataset)
    forget = torch.tensor(parse_forget_set(options.forget, data.classes).mask(data.classes))
    stored = load_candidates(options.store, options.originals)
    generator = generator_for(spec["seed"], "edit", options.task, options.method, options.forget)
    unlearn = UNLEARNING_METHODS[options.method]
    params = unlearn(stored.candidates.params, stored.layout, forget, data.train, generator)
    candidates = make_candidates(params, stored.layout, conditioning_split(data, spec["protocol"]))
    # The first original is the network that somebody has; the others show how much that matters.
    attributes = {"task": options.task, "method": options.method, "forget": options.forget}
    publish_candidates(options.store, options.token, candidates, stored.layout, 0, attributes)
    export_chosen(options.network, candidates, stored.layout, 0, data, attributes)


if __name__ == "__main__":
    run_command(main)
