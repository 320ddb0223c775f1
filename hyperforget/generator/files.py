"""Requests for networks that lie in files, each answered by a file and a receipt."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import hyperforget
from hyperforget.data.npz import images_of_npz
from hyperforget.errors import UserError, nearest_choice
from hyperforget.generator.asking import split_of
from hyperforget.generator.generator import Generator
from hyperforget.generator.receipt import AskedGenerator, FileDigest, Measurement, Receipt, Request
from hyperforget.metrics.classes import accuracy_on
from hyperforget.metrics.measuring import measure
from hyperforget.networks.batch import Networks
from hyperforget.networks.given import GivenNetwork, read_network
from hyperforget.store.files import file_digest, replace_file

_SUFFIXES = (".safetensors", ".pt")


@dataclass(frozen=True)
class FileRequest:
    """The file of a ``network``, the ``classes`` that it is to forget, by their labels, and the file ``output`` of
    the one that has; ``data`` is an .npz file, and the rest as in `Generator.forget`.
    """

    network: Path
    classes: Sequence[int]
    output: Path
    data: Path | None = None
    normalisation: tuple[float, float] | None = None
    seed: int = 0


def check_output(path: Path, overwrite: bool, suffixes: Sequence[str] = _SUFFIXES) -> None:
    """Raise `UserError` where a file cannot be written: it is there and may not be overwritten, or of another kind."""
    if path.suffix not in suffixes:
        raise UserError(
            f"{path} ends in {path.suffix!r}; allowed are {', '.join(suffixes)}{nearest_choice(path.suffix, suffixes)}"
        )
    if path.is_dir():
        raise UserError(f"{path} is a folder; allowed is the path of a file")
    if path.exists() and not overwrite:
        raise UserError(f"{path} exists; name another file, or say --overwrite")


def forget_in_file(generator: Generator, asked: FileRequest) -> Receipt:
    """Answer a request, write its output, and give its receipt.

    A file that says how its pixels are normalised is taken at its word where the request says nothing. Raises
    `UserError`, with nothing written, as `Generator.forget` and `read_network`.
    """
    given, about = read_network(asked.network, generator.layout)
    sets = generator.sets(asked.classes)
    _check_labels(about, generator, asked.network)
    images = generator.description.images
    normalisation = asked.normalisation or _told(about) or (images.mean, images.std)
    data = None if asked.data is None else images_of_npz(asked.data, f"data {str(asked.data)!r}")
    [[params]] = generator.answer([given], sets, data, normalisation, asked.seed)
    measured = None
    if asked.data is not None:
        split = split_of(data, generator.description)
        both = generator.normalised([given, _like(given, params)], normalisation)
        measured = _measurement(asked.data, measure(both, split), sets.masks[0], generator.classes)
    labels = sorted(set(asked.classes))
    texts = about | {"forgotten": "-".join(map(str, labels)), "generator": generator.description.weights_sha256}
    replace_file(asked.output, _content(given.state_dict(params), texts, asked.output.suffix))
    description = generator.description
    return Receipt(
        time=datetime.now(UTC).replace(microsecond=0),
        package_version=hyperforget.__version__,
        request=Request(classes=labels, normalisation=normalisation, seed=asked.seed),
        network=_digest(asked.network),
        result=_digest(asked.output),
        generator=AskedGenerator(**{name: getattr(description, name) for name in AskedGenerator.model_fields}),
        measured=measured,
    )


def _like(given: GivenNetwork, params: Tensor) -> GivenNetwork:
    return GivenNetwork(Networks(params.unsqueeze(0), given.networks.layout), given.names)


def _measurement(data: Path, found: Any, mask: Tensor, labels: Sequence[int]) -> Measurement:
    before, after = (
        {str(label): value for label, value in zip(labels, each, strict=True)} for each in found.accuracies.tolist()
    )
    forgotten, retained = (accuracy_on(found.correct, found.sizes, each).tolist() for each in (mask, ~mask))
    return Measurement(
        data=_digest(data),
        images=int(found.sizes.sum()),
        before=before,
        after=after,
        forgotten_before=forgotten[0],
        forgotten_after=forgotten[1],
        retained_before=retained[0],
        retained_after=retained[1],
    )


def _check_labels(about: dict[str, str], generator: Generator, path: Path) -> None:
    expected = "-".join(map(str, generator.classes))
    if about.get("labels", expected) != expected:
        raise UserError(f"{path} is of the classes {about['labels']}; this generator's networks are of {expected}")


def _told(about: dict[str, str]) -> tuple[float, float] | None:
    """What a file says of the normalisation of pixels, if anything."""
    try:
        mean, std = float(about["mean"]), float(about["std"])
    except (KeyError, ValueError):
        return None
    return (mean, std) if std > 0 else None


def _content(state: dict[str, Tensor], texts: dict[str, str], suffix: str) -> bytes:
    if suffix == ".safetensors":
        from safetensors.torch import save

        content: bytes = save(state, texts)
        return content
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


def _digest(path: Path) -> FileDigest:
    return FileDigest(name=path.name, sha256=file_digest(path))
