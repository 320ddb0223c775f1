"""Batches of networks that a method offers for a forget set, and which of them is chosen."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hyperforget.config import SelectionConfig
from hyperforget.data.splits import Split, TaskData
from hyperforget.metrics.classes import accuracy_on
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.layout import Layout
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token, write_token

_ARRAYS = {
    "params": {"unit": "1", "description": "flat parameters in state-dict order"},
    "losses": {"unit": "nats", "description": "mean cross-entropy of each class on the split that selects"},
    "correct": {"unit": "images", "description": "correctly classified images of each class on that split"},
    "prompt": {"unit": "1", "description": "index of the prompt, -1 without one"},
    "start": {"unit": "1", "description": "index of the start or seed"},
}
_DIMENSIONS = {
    "params": ("network", "parameter"),
    "losses": ("network", "class"),
    "correct": ("network", "class"),
    "prompt": ("network",),
    "start": ("network",),
}


@dataclass(frozen=True)
class Candidates:
    """N networks: ``params`` (N, P), their class ``losses`` (N, C) in nats and ``correct`` counts (N, C) on
    the split that selects, and which ``prompt`` (N,) and ``start`` (N,) each came from."""

    params: Tensor
    losses: Tensor
    correct: Tensor
    prompt: Tensor
    start: Tensor


@dataclass(frozen=True)
class Chosen:
    """What a stored batch says of itself.

    ``index`` is the chosen network; ``population`` (M,) are the indices of those that stand for the method, the
    chosen one among them: the chosen edit of each start where trained networks were edited, else all networks.
    """

    candidates: Candidates
    layout: Layout
    index: int
    population: Tensor


def make_candidates(
    params: Tensor, layout: Layout, split: Split, prompt: Tensor | None = None, start: Tensor | None = None
) -> Candidates:
    """Measure networks on the split that selects; without ``start`` each network counts as a start of its
    own.
    """
    outcomes = measure(Networks(params, layout), split)
    count = params.shape[0]
    return Candidates(
        params,
        outcomes.losses,
        outcomes.correct,
        torch.full((count,), -1) if prompt is None else prompt,
        torch.arange(count) if start is None else start,
    )


def choose(
    candidates: Candidates, sizes: Tensor, forget: Tensor, config: SelectionConfig, start: int | None = None
) -> int:
    """Index of the chosen network, by accuracy on the split that selects.

    ``lowest-forget`` (thesis, section 3.5): lowest accuracy on the forget set, then highest on the retain
    set. ``highest-retain``: highest on the retain set among those within ``tolerance`` on the forget set,
    else the lowest on it. Of networks that are level, the one with the widest gap between the mean losses
    of forgotten and retained classes is taken: its forgetting has the most room before it fails.

    ``sizes`` (C,) are the images per class, ``forget`` (C,) marks the forgotten classes; with ``start``
    only the networks from that start are considered.
    """
    forgotten = accuracy_on(candidates.correct, sizes, forget)
    retained = accuracy_on(candidates.correct, sizes, ~forget)
    if config.rule == "highest-retain":
        forgotten = (forgotten - config.tolerance).clamp(min=0)
    if start is not None:
        forgotten = torch.where(candidates.start == start, forgotten, torch.inf)
    retained = torch.where(forgotten == forgotten.min(), retained, -torch.inf)
    gap = candidates.losses[:, forget].mean(dim=1) - candidates.losses[:, ~forget].mean(dim=1)
    gap = gap.nan_to_num(nan=-torch.inf)
    return int(torch.where(retained == retained.max(), gap, -torch.inf).argmax())


def choose_each(candidates: Candidates, sizes: Tensor, forget: Tensor, config: SelectionConfig) -> list[int]:
    """Index of the chosen network of each start, in the order of starts; see `choose`."""
    starts = candidates.start.unique().tolist()
    return [choose(candidates, sizes, forget, config, start) for start in starts]


def class_accuracies(candidates: Candidates, sizes: Tensor, forget: Tensor) -> tuple[Tensor, Tensor]:
    """Accuracy (N,) on the forgotten and on the retained classes, on the split that selects."""
    return accuracy_on(candidates.correct, sizes, forget), accuracy_on(candidates.correct, sizes, ~forget)


def publish_candidates(
    store: Store,
    token: Path,
    candidates: Candidates,
    layout: Layout,
    chosen: int,
    attributes: dict[str, Any],
    population: list[int] | None = None,
) -> None:
    """Store a batch and write its token; ``attributes`` name the task, method and forget set.

    ``population`` is that of `Chosen`; without it, all networks.
    """
    arrays = {name: getattr(candidates, name).numpy() for name in _ARRAYS}
    everyone = list(range(candidates.params.shape[0]))
    content = attributes | {
        "sizes": list(layout.sizes),
        "chosen": chosen,
        "population": everyone if population is None else population,
        "arrays": _ARRAYS,
    }
    object_id = store.publish("networks", arrays, content, dimensions=_DIMENSIONS)
    write_token(
        token, "networks", object_id, attributes | {"networks": candidates.params.shape[0], "chosen": chosen}
    )


def load_candidates(store: Store, token: Path) -> Chosen:
    """The batch that a token names; raises `hyperforget.store.MissingObjectError` or `CorruptObjectError`."""
    stored = store.read(read_token(token, kind="networks").object_id, kind="networks")
    arrays = {name: torch.from_numpy(stored.arrays[name]) for name in _ARRAYS}
    attributes = stored.attributes
    return Chosen(
        Candidates(**arrays),
        Layout(tuple(attributes["sizes"])),
        attributes["chosen"],
        torch.tensor(attributes["population"]),
    )


def export_chosen(
    path: Path,
    candidates: Candidates,
    layout: Layout,
    chosen: int,
    data: TaskData,
    attributes: dict[str, Any],
) -> None:
    """Write one network as a state dict of ``torch.nn.Sequential(Linear, ReLU, Linear, ...)`` in safetensors.

    The metadata hold ``attributes``, the layer sizes, and the mean and standard deviation that pixels are
    normalised with.
    """
    from safetensors.torch import save

    metadata = attributes | {
        "sizes": "-".join(map(str, layout.sizes)),
        "mean": data.mean,
        "std": data.std,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = {key: value if isinstance(value, str) else repr(value) for key, value in metadata.items()}
    path.write_bytes(with_sorted_header(save(layout.state_dict(candidates.params[chosen]), texts)))


def with_sorted_header(content: bytes) -> bytes:
    """The same safetensors file with the keys of its JSON header in order; the library writes them in any order."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8:start]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[start:]
