"""Train a hypernetwork on a corpus, or on those of several widths of main networks together."""

import torch

from hyperforget.collection.checkpoints import load_corpus
from hyperforget.config.specs import TrainingSpec
from hyperforget.data.splits import conditioning_split, load_task_data
from hyperforget.forget_set import places_of
from hyperforget.hypernet.batches import rebalanced
from hyperforget.hypernet.diffusion import PROCESSES
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.stored import TrainedHypernetwork, publish_hypernetwork
from hyperforget.hypernet.training import (
    Runs,
    TrainingData,
    TrainingSetup,
    train_hypernetwork,
)
from hyperforget.networks.kinds import layout_for
from hyperforget.records.files import write_rows
from hyperforget.runtime.device import computes_in_bfloat16
from hyperforget.runtime.distributed import first_process_first, process_rank
from hyperforget.runtime.randomness import derived_seed, generator_for
from hyperforget.runtime.stage import Job


def run(job: Job[TrainingSpec]) -> None:
    """Load, call, save."""
    spec, task, name = job.spec, job.names["task"], job.names["model"]
    data = load_task_data(job.store, job.input("dataset"))
    sizes = conditioning_split(data, spec.protocol).class_sizes
    performance = spec.performance.placed(data.labels)
    holdout = [places_of(classes, data.labels) for classes in spec.holdout]
    # It makes a pack of the corpus, if there is none yet.
    with first_process_first():
        corpora = [load_corpus(job.store, path, performance, sizes) for path in job.inputs["corpora"]]
    generator = generator_for(spec.seed, "train", task, name)
    runs = [
        Runs(
            layout_for(taught.network, data.image, data.outputs),
            *corpus.split(spec.training.unseen_runs, generator_for(spec.seed, "unseen runs", taught.task)),
        )
        for taught, corpus in zip(spec.taught, corpora, strict=True)
    ]
    # torch initialises layers from its global generator only.
    torch.manual_seed(derived_seed(spec.seed, "initialise", task, name))
    layouts = [each.layout for each in runs]
    several = layouts if len(layouts) > 1 else ()
    model = Hypernetwork(layouts[0], spec.conditioning, spec.architecture, performance, several, data.classes)
    explained_variance = model.fit_space([(each.layout, each.seen.checkpoints()) for each in runs])
    if spec.training.rebalance:
        runs = [Runs(each.layout, rebalanced(each.seen), rebalanced(each.unseen)) for each in runs]
    trained = train_hypernetwork(
        model.to(job.device),
        TrainingData(runs, data.to(job.device).train, holdout),
        TrainingSetup(PROCESSES[spec.process], spec.training, job.hardware),
        generator,
        job.resuming,
    )
    if process_rank():
        return
    last = trained.history[-1]
    bfloat16 = computes_in_bfloat16(spec.training.precision, job.device)
    write_rows(job.output("history"), trained.history)
    publish_hypernetwork(
        job.store,
        job.output("token"),
        TrainedHypernetwork(model, PROCESSES[spec.process], trained.snapshots),
        data.labels,
        attributes=dict(job.names),
        summary={
            "steps": last.step,
            "train_mse": last.train_mse,
            "test_mse": last.test_mse,
            "explained_variance": explained_variance,
            "precision": "bfloat16" if bfloat16 else "float32",
        },
    )
