"""Stage: measure prompt alignment of a hypernetwork, over its training and at its end."""

import argparse

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__, computes=True)
    parser.add_argument("--task", required=True)
    parser.add_input("--dataset")
    parser.add_input("--corpus")
    parser.add_input("--hypernet")
    parser.add_output("--alignment")
    parser.add_output("--prompts")
    parser.add_output("--distribution")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    from hyperforget.config import ProbeConfig, SamplingConfig
    from hyperforget.corpus.checkpoints import load_corpus
    from hyperforget.data.splits import conditioning_split, load_task_data
    from hyperforget.hypernet.sampling import Sampling
    from hyperforget.hypernet.stored import load_hypernetwork
    from hyperforget.probing.alignment import probe_snapshots, prompted_classes
    from hyperforget.probing.distribution import distribution_rows
    from hyperforget.records import write_rows
    from hyperforget.runtime.randomness import generator_for
    from hyperforget.runtime.resuming import Resuming

    spec = options.spec
    data = load_task_data(options.store, options.dataset).on(options.device)
    split = conditioning_split(data, spec["protocol"])
    hypernet = load_hypernetwork(options.store, options.hypernet)
    hypernet.model.to(options.device)
    performance = hypernet.performance
    corpus = load_corpus(options.store, options.corpus, performance, split.class_sizes)
    # The same split of runs as in training, from the same generator.
    divide = generator_for(spec["seed"], "unseen runs", options.task)
    halves = corpus.split(spec["unseen_runs"], divide)
    prompted = prompted_classes(performance, data.classes, spec["pivots"])
    probe = ProbeConfig(**spec["probe"])
    sampling, resuming = SamplingConfig(**spec["sampling"]), Resuming(options.unfinished)
    alignment, prompts = probe_snapshots(
        hypernet,
        dict(zip(("seen", "unseen"), halves, strict=True)),
        split,
        prompted,
        probe,
        lambda starts: Sampling(
            sampling, generator_for(spec["seed"], "probe", options.task, starts), resuming
        ),
    )
    write_rows(options.alignment, alignment)
    write_rows(options.prompts, prompts)
    distribution = distribution_rows(halves[0], performance, probe, prompted, spec["rebalance"])
    write_rows(options.distribution, distribution)


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("probe_hypernet", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
