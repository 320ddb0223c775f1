"""A network as it is handed over: one safetensors file that needs no code of this package."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save

from hyperforget.data.splits import TaskData
from hyperforget.unlearning.candidates import Candidates


def export_chosen(path: Path, candidates: Candidates, chosen: int, data: TaskData, attributes: dict[str, Any]) -> None:
    """Write the ``chosen`` network as a state dict of a ``torch.nn.Sequential``, that of `Layout.module`.

    The metadata hold ``attributes``, the layer sizes or what else tells the network, the dataset's label of each
    output, and the mean and deviation that normalise pixels.
    """
    layout, params = candidates.networks.layout, candidates.networks.params[chosen]
    ((key, network),) = layout.attributes.items()
    told = "-".join(map(str, network)) if isinstance(network, list) else json.dumps(network, sort_keys=True)
    labels = "-".join(map(str, data.answered))
    metadata = attributes | {key: told, "labels": labels, "mean": data.mean, "std": data.std}
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = {key: value if isinstance(value, str) else repr(value) for key, value in metadata.items()}
    path.write_bytes(_with_sorted_header(save(layout.state_dict(params), texts)))


def _with_sorted_header(content: bytes) -> bytes:
    """The same safetensors file with the keys of its JSON header sorted; the library orders them anyhow."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8:start]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[start:]
