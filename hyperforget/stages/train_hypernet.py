"""Stage: train a hypernetwork on a corpus."""

import argparse

from hyperforget.errors import run_command
from hyperforget.runtime.stage import StageParser, stage_main


def parser() -> StageParser:
    """The stage's arguments."""
    parser = StageParser(__doc__, computes=True)
    parser.add_argument("--task", required=True)
    parser.add_argument("--model", required=True)
    parser.add_input("--dataset")
    parser.add_input("--corpus")
    parser.add_output("--token")
    parser.add_output("--history")
    return parser


def work(options: argparse.Namespace) -> None:
    """Load, call, save."""
    import torch

    from hyperforget.config import ModelConfig, Performance
    from hyperforget.corpus.checkpoints import load_corpus
    from hyperforget.data.splits import conditioning_split, load_task_data
    from hyperforget.hypernet.batches import rebalanced
    from hyperforget.hypernet.diffusion import PROCESSES
    from hyperforget.hypernet.model import Hypernetwork
    from hyperforget.hypernet.stored import TrainedHypernetwork, publish_hypernetwork
    from hyperforget.hypernet.training import (
        TrainingData,
        TrainingSetup,
        computes_in_bfloat16,
        train_hypernetwork,
    )
    from hyperforget.networks.perceptron import perceptron_for
    from hyperforget.records import write_rows
    from hyperforget.runtime.distributed import first_process_first, process_rank
    from hyperforget.runtime.randomness import derived_seed, generator_for
    from hyperforget.runtime.resuming import Resuming

    spec = options.spec
    config, performance = ModelConfig(**spec["model"]), Performance(**spec["performance"])
    data = load_task_data(options.store, options.dataset)
    sizes = conditioning_split(data, spec["protocol"]).class_sizes
    # It makes a pack of the corpus, if there is none yet.
    with first_process_first():
        corpus = load_corpus(options.store, options.corpus, performance, sizes)
    generator = generator_for(spec["seed"], "train", options.task, options.model)
    seen, unseen = corpus.split(
        config.training.unseen_runs, generator_for(spec["seed"], "unseen runs", options.task)
    )
    # torch initialises layers from its global generator only.
    torch.manual_seed(derived_seed(spec["seed"], "initialise", options.task, options.model))
    layout = perceptron_for(data.train, spec["hidden"])
    model = Hypernetwork(layout, spec["conditioning"], config.architecture)
    explained_variance = model.space.fit(seen.checkpoints())
    if config.training.rebalance:
        seen, unseen = rebalanced(seen), rebalanced(unseen)
    setup = TrainingSetup(PROCESSES[config.process], config.training, options.hardware)
    images = data.on(options.device).train
    trained = train_hypernetwork(
        model.to(options.device),
        TrainingData(seen, unseen, images),
        setup,
        generator,
        Resuming(options.unfinished),
    )
    if process_rank():
        return
    last = trained.history[-1]
    bfloat16 = computes_in_bfloat16(config.training.precision, options.device)
    write_rows(options.history, trained.history)
    publish_hypernetwork(
        options.store,
        options.token,
        TrainedHypernetwork(model, setup.process, performance, trained.snapshots),
        attributes={"task": options.task, "model": options.model},
        summary={
            "steps": last.step,
            "train_mse": last.train_mse,
            "test_mse": last.test_mse,
            "explained_variance": explained_variance,
            "precision": "bfloat16" if bfloat16 else "float32",
        },
    )


def main(arguments: list[str] | None = None) -> None:
    """Run the stage, or restore what it made before."""
    stage_main("train_hypernet", parser(), work, arguments)


if __name__ == "__main__":
    run_command(main)
