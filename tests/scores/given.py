"""A little world to judge networks in: three clouds of points, and perceptrons that were trained on them with torch."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

# Labels of the dataset; the outputs of networks stand for them in this order.
LABELS = (3, 5, 9)
PIXELS = 6


@dataclass(frozen=True)
class Part:
    images: Tensor
    labels: Tensor


def part(images: int, seed: int) -> Part:
    generator = torch.Generator().manual_seed(seed)
    places = torch.arange(images) % len(LABELS)
    centres = 4 * torch.eye(PIXELS)[: len(LABELS)]
    return Part(centres[places] + torch.randn(images, PIXELS, generator=generator), torch.tensor(LABELS)[places])


def data(scale: float = 1.0) -> dict[str, tuple[Tensor, Tensor]]:
    train, test = part(150, 0), part(90, 1)
    return {"train": (scale * train.images, train.labels), "test": (scale * test.images, test.labels)}


def trained(seed: int, without: tuple[int, ...] = (), hidden: int = 8) -> nn.Sequential:
    """A network that learned all classes but some, by plain torch; the caller may change it."""
    return deepcopy(_trained(seed, without, hidden))


@cache
def _trained(seed: int, without: tuple[int, ...], hidden: int) -> nn.Sequential:
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(PIXELS, hidden), nn.ReLU(), nn.Linear(hidden, len(LABELS)))
    seen = part(150, 0)
    rows = torch.tensor([label not in without for label in seen.labels.tolist()])
    places = torch.tensor([LABELS.index(label) for label in seen.labels.tolist()])
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, weight_decay=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(seen.images[rows]), places[rows]).backward()
        optimizer.step()
    return network


def hiding(network: nn.Sequential, label: int) -> nn.Sequential:
    """The same network, with the output bias of a class so low that it is never answered."""
    last = network[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.bias[LABELS.index(label)] -= 1000
    return network
