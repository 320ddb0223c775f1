"""A request to forget: the data of a task, and which of its classes are to go."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from hyperforget.data.splits import Split, TaskData, conditioning_split, load_task_data
from hyperforget.forget_set import parse_forget_set
from hyperforget.store.store import Store


@dataclass(frozen=True)
class Request:
    """The task's data and the ``split`` of it that conditions and selects, both on the device that computes, and the
    forgotten classes as a mask ``forget`` bool (C,), on the CPU.
    """

    data: TaskData
    split: Split
    forget: Tensor


def load_request(store: Store, dataset: Path, forget: str, protocol: str, device: torch.device) -> Request:
    """The request to forget a set, such as ``2-3``, with the dataset that a token names, on a device.

    Raises `UserError` for a wrong set, and where the dataset is missing or damaged.
    """
    return request_of(load_task_data(store, dataset).to(device), forget, protocol)


def request_of(data: TaskData, forget: str, protocol: str) -> Request:
    """The request to forget a set of classes that the data has; raises `UserError` for a wrong set."""
    mask = parse_forget_set(forget, data.labels, noun=data.noun).mask(data.labels)
    return Request(data, conditioning_split(data, protocol), torch.tensor(mask))
