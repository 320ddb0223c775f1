"""The receipt of a request to forget: what was asked of which network, by which generator, and what came of it.

``python -m hyperforget.generator.receipt`` prints its JSON schema.
"""

import json
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from hyperforget.config.base import Section
from hyperforget.generator.description import Lineage, Sha256

FORMAT: Final = "hyperforget-receipt"
# Files that end so are receipts, wherever they lie.
SUFFIX = "receipt.json"


class FileDigest(Section):
    """A file of a network."""

    name: str = Field(description="its name, without its folder")
    sha256: Sha256 = Field(description="digest of its bytes")


class Request(Section):
    """What was asked for."""

    classes: list[int] = Field(description="the classes to be forgotten, by their labels in the dataset")
    normalisation: tuple[float, float] = Field(
        description="mean and deviation by which the network's pixels are normalised"
    )
    seed: int = Field(description="of all that was random")


class AskedGenerator(Section):
    """What was asked."""

    task: str
    model: str
    weights_sha256: Sha256 = Field(description="digest of its `model.safetensors`")
    lineage: Lineage = Field(description="what it was made of, as objects of an artifact store")


class Measurement(Section):
    """What the network did before and after, on images that it was given with; accuracies are shares of them."""

    data: FileDigest
    images: int
    before: dict[str, float] = Field(description="accuracy of each class, by its label")
    after: dict[str, float]
    forgotten_before: float = Field(description="accuracy on all images of the classes to be forgotten")
    forgotten_after: float
    retained_before: float = Field(description="accuracy on all others")
    retained_after: float


class Receipt(Section):
    """A receipt: one request for one network."""

    format: Literal["hyperforget-receipt"] = FORMAT
    format_version: Literal[1] = 1
    time: datetime = Field(description="when it was answered, UTC")
    package_version: str = Field(description="the version of hyperforget that answered it")
    request: Request
    network: FileDigest = Field(description="the network that was given")
    result: FileDigest = Field(description="the one that was handed over")
    generator: AskedGenerator
    measured: Measurement | None = Field(None, description="what came of it; none where no data were given")


def schema() -> str:
    """The JSON schema of a receipt."""
    return json.dumps({**Receipt.model_json_schema(), "title": FORMAT}, indent=2, ensure_ascii=False)


if __name__ == "__main__":
    print(schema())
