"""Measure prompt alignment of a hypernetwork, over its training and at its end."""

from hyperforget.collection.checkpoints import load_corpus
from hyperforget.config.specs import ProbeSpec
from hyperforget.data.splits import conditioning_split, load_task_data
from hyperforget.hypernet.sampling import Sampling
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.networks.kinds import layout_for
from hyperforget.probing.alignment import probe_snapshots, prompted_values
from hyperforget.probing.distribution import distribution_rows
from hyperforget.records.files import write_rows
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job


def run(job: Job[ProbeSpec]) -> None:
    """Load, call, save."""
    spec, task = job.spec, job.names["task"]
    data = load_task_data(job.store, job.input("dataset")).to(job.device)
    split = conditioning_split(data, spec.protocol)
    layout = layout_for(spec.network, data.image, data.outputs)
    hypernet = load_hypernetwork(job.store, job.input("hypernet"), data.labels, layout)
    hypernet.model.to(job.device)
    performance = hypernet.performance
    corpus = load_corpus(job.store, job.input("corpus"), performance, split.class_sizes)
    # The same split of runs as in training, from the same generator.
    seen, unseen = corpus.split(spec.unseen_runs, generator_for(spec.seed, "unseen runs", task))
    prompted = prompted_values(performance, data.labels, spec.pivots)
    alignment, prompts = probe_snapshots(
        hypernet,
        {"seen": seen, "unseen": unseen},
        split,
        prompted,
        spec.probe,
        lambda starts: Sampling(spec.sampling, generator_for(spec.seed, "probe", task, starts), job.resuming),
    )
    write_rows(job.output("alignment"), alignment)
    write_rows(job.output("prompts"), prompts)
    distribution = distribution_rows(seen, performance, spec.probe, prompted, spec.rebalance)
    write_rows(job.output("distribution"), distribution)
