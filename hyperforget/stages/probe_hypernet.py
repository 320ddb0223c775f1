"""Stage: measure prompt alignment of a hypernetwork, over its training and at its end."""

import argparse

from hyperforget.command import progress, run_command
from hyperforget.stage import StageParser, stage_main


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
    from hyperforget.corpus import load_corpus
    from hyperforget.hypernet.distribution import distribution_rows
    from hyperforget.hypernet.files import load_hypernetwork
    from hyperforget.hypernet.probing import alignment_rows, probe_hypernetwork, prompt_rows, prompted_classes
    from hyperforget.metrics.classes import class_sizes
    from hyperforget.randomness import generator_for
    from hyperforget.rows import write_rows
    from hyperforget.tasks import conditioning_split, load_task_data

    spec = options.spec
    data = load_task_data(options.store, options.dataset)
    split = conditioning_split(data, spec["protocol"])
    hypernet = load_hypernetwork(options.store, options.hypernet)
    performance = hypernet.performance
    corpus = load_corpus(options.store, options.corpus, performance, class_sizes(split.labels, data.classes))
    # The same split of runs as in training, from the same generator.
    divide = generator_for(spec["seed"], "unseen runs", options.task)
    halves = corpus.split(spec["unseen_runs"], divide)
    prompted = prompted_classes(performance, data.classes, spec["pivots"])
    alignment, prompts = [], []
    steps = sorted(hypernet.snapshots)
    for step in progress(steps, len(steps), "probing", "snapshot"):
        model = hypernet.at(step)
        for starts, runs in zip(("seen", "unseen"), halves, strict=True):
            probe = probe_hypernetwork(
                model,
                hypernet.process,
                performance,
                runs,
                split,
                ProbeConfig(**spec["probe"]),
                SamplingConfig(**spec["sampling"]),
                generator_for(spec["seed"], "probe", options.task, starts),
            )
            alignment += alignment_rows(probe, step, starts, prompted)
            if step == steps[-1]:
                prompts += prompt_rows(probe, starts, prompted)
    write_rows(options.alignment, alignment)
    write_rows(options.prompts, prompts)
    write_rows(
        options.distribution,
        distribution_rows(halves[0], performance, ProbeConfig(**spec["probe"]), prompted, spec["rebalance"]),
    )


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("probe_hypernet", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
