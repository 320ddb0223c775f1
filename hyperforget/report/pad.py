"""What the pad of the page holds: networks of every method and forget set, and test images to show them."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hyperforget.config.methods import ORIGINAL, RETRAINED
from hyperforget.config.report_specs import ReportSpec, TaskSpec
from hyperforget.errors import UserError
from hyperforget.report.spec import forget_title, method_title
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token

# Bytes of all networks together: a third more are added as they are written into the page.
_MOST_BYTES = 2_000_000
_EXAMPLES = 5
# Ink from this share of the highest pixel on says how much of an image digits fill.
_INKED = 0.25

NOT_DIGITS = "its images are not known to be handwritten digits, which can be drawn"
GROUPS = "it forgets groups of images, which networks do not name"


@dataclass(frozen=True)
class LeftOut:
    """A task that is not on the pad, and the reason, which follows its name."""

    task: str
    reason: str


@dataclass(frozen=True)
class Pad:
    """What the scripts of the page are told of each task, as JSON, and the tasks that are left out."""

    tasks: list[dict[str, Any]]
    left_out: list[LeftOut]

    @property
    def names(self) -> list[str]:
        """The tasks that can be chosen."""
        return [task["name"] for task in self.tasks]


@dataclass
class _Parameters:
    """The tensors of networks, float32, each once however many have it."""

    arrays: list[np.ndarray] = field(default_factory=list)
    places: dict[bytes, int] = field(default_factory=dict)

    def add(self, tensors: Sequence[np.ndarray]) -> list[int]:
        """Where the tensors of a network lie."""
        return [self._place(np.ascontiguousarray(tensor, dtype="<f4").ravel()) for tensor in tensors]

    def _place(self, tensor: np.ndarray) -> int:
        place = self.places.setdefault(tensor.tobytes(), len(self.arrays))
        if place == len(self.arrays):
            self.arrays.append(tensor)
        return place

    @property
    def numbers(self) -> int:
        return sum(array.size for array in self.arrays)


def gather_pad(spec: ReportSpec, results: Path, store: Store) -> Pad:
    """The networks below ``results`` that were handed over, the originals and test images from the ``store``.

    Where there is no room left for single precision, parameters are rounded to half of it, and a task that is still too
    large is left out. Raises `UserError` for a file that is missing or damaged.
    """
    pad = Pad([], [])
    left = _MOST_BYTES
    for task in spec.tasks:
        if reason := _unfit(task):
            pad.left_out.append(LeftOut(task.name, reason))
            continue
        told, parameters = _task(spec, task, results / task.name, store)
        bits = 32 if 4 * parameters.numbers <= left else 16
        size = parameters.numbers * bits // 8
        if size > left:
            reason = f"its networks take {size / 1e6:.1f} MB, for which there is no room in a page"
            pad.left_out.append(LeftOut(task.name, reason))
            continue
        left -= size
        told["bits"]["networks"] = bits
        told["blobs"] = [_encoded(array.astype(f"<f{bits // 8}")) for array in parameters.arrays]
        pad.tasks.append(told)
    return pad


def page_json(value: object) -> str:
    """JSON that may stand in a page: nothing in it ends a script."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def _unfit(task: TaskSpec) -> str:
    """Why a task cannot be drawn, empty if it can."""
    if task.groups:
        return GROUPS
    return "" if task.handwritten_digits else NOT_DIGITS


def _task(spec: ReportSpec, task: TaskSpec, folder: Path, store: Store) -> tuple[dict[str, Any], _Parameters]:
    """What scripts are told of a task but for its parameters, which follow."""
    parameters = _Parameters()
    shapes: dict[str, tuple[int, ...]] = {}
    metadata: dict[str, str] = {}
    networks: dict[str, dict[str, list[int]]] = {}
    for method in spec.methods:
        for forget in task.forget_sets:
            tensors, metadata = _read_network(folder / method / f"forget-{forget}.safetensors")
            shapes = {name: tensor.shape for name, tensor in tensors.items()}
            networks.setdefault(method, {})[forget] = parameters.add(list(tensors.values()))
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    original = parameters.add(np.split(_original(folder, store), np.cumsum(sizes)[:-1]))
    told = {
        "name": task.name,
        "layout": _layout(metadata),
        "tensors": [{"name": name, "shape": shape} for name, shape in shapes.items()],
        "metadata": {name: text for name, text in metadata.items() if name not in ("method", "forget")},
        "mean": float(metadata["mean"]),
        "std": float(metadata["std"]),
        "labels": [int(label) for label in task.classes],
        "methods": [{"name": method, "title": method_title(method)} for method in spec.methods if method != RETRAINED],
        "forget": [
            {
                "name": forget,
                "title": forget_title(forget),
                "classes": [int(label) for label in forget.split("-")],
                "note": "never collected" if forget in task.holdout else "",
            }
            for forget in task.forget_sets
        ],
        "original": original,
        "networks": networks,
        "bits": {},
    }
    return told | _images(folder, store, told), parameters


def _read_network(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors of a network in the order of its layers, weight before bias, and what the file says of it."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys(), key=_order)}
            return tensors, file.metadata()
    except FileNotFoundError:
        raise UserError(f"{path} is missing") from None
    except (SafetensorError, ValueError) as problem:
        raise UserError(f"{path} is no network as stages write them: {problem}") from None


def _order(name: str) -> tuple[int, bool]:
    layer, _, kind = name.partition(".")
    return int(layer), kind == "bias"


def _original(folder: Path, store: Store) -> np.ndarray:
    """The flat parameters (P,) of the network that methods which edit have changed."""
    token = read_token(folder / f"{ORIGINAL}.json", kind="networks")
    stored = store.read(token.object_id, ["params"], kind="networks")
    params: np.ndarray = stored.arrays["params"][stored.attributes["chosen"]]
    return params


def _layout(metadata: Mapping[str, str]) -> dict[str, Any]:
    """What a network is built of, from what a file says of it."""
    if "sizes" in metadata:
        return {"kind": "perceptron", "sizes": [int(size) for size in metadata["sizes"].split("-")]}
    layout: dict[str, Any] = json.loads(metadata["network"])
    return layout


def _images(folder: Path, store: Store, told: Mapping[str, Any]) -> dict[str, Any]:
    """The shape and range of images, how much of one its digit fills, and a few test images of each class."""
    token = read_token(folder / "dataset.json", kind="dataset")
    stored = store.read(token.object_id, ["test_images", "test_labels"], kind="dataset")
    images, labels = stored.arrays["test_images"], stored.arrays["test_labels"]
    side = round(images.shape[1] ** 0.5)
    height, width = stored.attributes.get("image", [side, side])[:2]
    small = images.dtype == np.uint8
    highest = float(images.max())
    pictures = images.reshape(-1, height, width)
    return {
        "image": [height, width],
        "lowest": float(images.min()),
        "highest": highest,
        "extent": _extent(pictures[:500] >= _INKED * highest),
        "examples": {
            label: [_encoded(image if small else image.astype("<f4")) for image in images[labels == place][:_EXAMPLES]]
            for place, label in enumerate(told["labels"])
        },
        "bits": {"examples": 8 if small else 32},
    }


def _extent(inked: np.ndarray) -> float:
    """The share of an image's side that its digit takes, the median over images (B, height, width), of which some
    pixels are ``inked``.
    """
    sides = [_reach(np.asarray(inked.any(axis=axis))) / inked.shape[3 - axis] for axis in (1, 2)]
    return float(np.median(np.maximum(*sides)))


def _reach(inked: np.ndarray) -> np.ndarray:
    """From the first to the last of the places (B, n) that are inked, how many these are."""
    length = inked.shape[1]
    found: np.ndarray = length - inked[:, ::-1].argmax(axis=1) - inked.argmax(axis=1)
    return np.where(inked.any(axis=1), found, 0)


def _encoded(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()
