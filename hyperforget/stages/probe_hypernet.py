"""Stage: measure prompt alignment of a hypernetwork, over its training and at its end."""

from pathlib import Path

import torch

from hyperforget.command import progress, run_command, stage_parser
from hyperforget.config import ProbeConfig, SamplingConfig
from hyperforget.corpus import load_corpus
from hyperforget.hypernet.files import load_hypernetwork
from hyperforget.hypernet.probing import alignment_rows, probe_hypernetwork, prompt_rows
from hyperforget.randomness import generator_for
from hyperforget.rows import write_rows
from hyperforget.tasks import conditioning_split, load_task_data


def main(arguments: list[str] | None = None) -> None:
    """Parse, load, call, save."""
    parser = stage_parser(__doc__)
    parser.add_argument("--task", required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--hypernet", type=Path, required=True)
    parser.add_argument("--alignment", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    spec = options.spec
    split = conditioning_split(load_task_data(options.store, options.dataset), spec["protocol"])
    # The same split of runs as in training, from the same generator.
    divide = generator_for(spec["seed"], "unseen runs", options.task)
    halves = load_corpus(options.store, options.corpus).split(spec["unseen_runs"], divide)
    hypernet = load_hypernetwork(options.store, options.hypernet)
    alignment, prompts = [], []
    steps = sorted(hypernet.snapshots)
    for step in progress(steps, len(steps), "probing", "snapshot"):
        model = hypernet.at(step)
        for starts, runs in zip(("seen", "unseen"), halves, strict=True):
            probe = probe_hypernetwork(
                model,
                hypernet.process,
                runs,
                split,
                ProbeConfig(**spec["probe"]),
                SamplingConfig(**spec["sampling"]),
                generator_for(spec["seed"], "probe", options.task, starts),
            )
            alignment += alignment_rows(probe, step, starts, spec["pivots"])
            if step == steps[-1]:
                prompts += prompt_rows(probe, starts, spec["pivots"])
    write_rows(options.alignment, alignment)
    write_rows(options.prompts, prompts)


if __name__ == "__main__":
    run_command(main)
