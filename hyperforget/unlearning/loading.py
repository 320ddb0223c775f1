"""What a hypernetwork needs to answer requests to forget: the data of its task, its corpus, and itself."""

from pathlib import Path

import torch

from hyperforget.collection.checkpoints import CorpusOutcomes, load_outcomes
from hyperforget.data.splits import TaskData, conditioning_split, load_task_data
from hyperforget.hypernet.stored import TrainedHypernetwork, load_hypernetwork
from hyperforget.store.store import Store


def load_hypernetwork_at_work(
    store: Store, dataset: Path, corpus: Path, hypernet: Path, protocol: str, device: torch.device
) -> tuple[TaskData, CorpusOutcomes, TrainedHypernetwork]:
    """A hypernetwork with the data of its task, both on the ``device``, and what the checkpoints of the corpus do,
    on the CPU, by the images that the ``protocol`` conditions on; all are named by their tokens.

    Raises `UserError` for what is missing or damaged, and for a hypernetwork of other classes.
    """
    data = load_task_data(store, dataset).to(device)
    outcomes = load_outcomes(store, corpus, conditioning_split(data, protocol).class_sizes)
    trained = load_hypernetwork(store, hypernet, data.labels)
    trained.model.to(device)
    return data, outcomes, trained
