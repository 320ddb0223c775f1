"""Train a hypernetwork on a corpus."""

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
        corpus = load_corpus(job.store, job.input("corpus"), performance, sizes)
    generator = generator_for(spec.seed, "train", task, name)
    seen, unseen = corpus.split(spec.training.unseen_runs, generator_for(spec.seed, "unseen runs", task))
    # torch initialises layers from its global generator only.
    torch.manual_seed(derived_seed(spec.seed, "initialise", task, name))
    layout = layout_for(spec.network, data.image, data.classes)
    model = Hypernetwork(layout, spec.conditioning, spec.architecture, performance)
    explained_variance = model.space.fit(seen.checkpoints())
    if spec.training.rebalance:
        seen, unseen = rebalanced(seen), rebalanced(unseen)
    trained = train_hypernetwork(
        model.to(job.device),
        TrainingData(seen, unseen, data.to(job.device).train, holdout),
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
