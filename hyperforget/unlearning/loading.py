"""What a hypernetwork needs to answer requests to forget: the data of its task, its corpus, and itself."""

from typing import Any

from hyperforget.collection.checkpoints import CorpusOutcomes, load_outcomes
from hyperforget.config.networks import NetworkConfig
from hyperforget.data.splits import TaskData, conditioning_split, load_task_data
from hyperforget.hypernet.stored import TrainedHypernetwork, load_hypernetwork
from hyperforget.networks.kinds import layout_for
from hyperforget.runtime.stage import Job


def load_hypernetwork_at_work(
    job: Job[Any], network: NetworkConfig, protocol: str
) -> tuple[TaskData, CorpusOutcomes, TrainedHypernetwork]:
    """The hypernetwork of a job for main networks such as ``network``, with the data of its task, both on the job's
    device, and what the checkpoints of its corpus do, on the CPU, by the images that the ``protocol`` conditions on.

    Raises `UserError` for what is missing or damaged, and for a hypernetwork of other classes or networks.
    """
    data = load_task_data(job.store, job.input("dataset")).to(job.device)
    outcomes = load_outcomes(job.store, job.input("corpus"), conditioning_split(data, protocol).class_sizes)
    layout = layout_for(network, data.image, data.outputs)
    trained = load_hypernetwork(job.store, job.input("hypernet"), data.labels, layout)
    trained.model.to(job.device)
    return data, outcomes, trained
