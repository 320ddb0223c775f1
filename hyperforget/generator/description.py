"""What a generator says of itself: ``config.json`` in its folder.

Everything that a request needs beside tensors, and what whoever was handed the folder wants to know: what it was
trained on, and how well it forgets.
"""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from hyperforget.config.base import Section
from hyperforget.config.models import ArchitectureConfig
from hyperforget.config.performance import Performance
from hyperforget.errors import UserError, excerpt, shown
from hyperforget.networks.kinds import layout_of
from hyperforget.networks.layout import Layout

FORMAT: Final = "hyperforget-generator"
FORMAT_VERSION: Final = 1

Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Images(Section):
    """The images that its networks read, normalised as ``(pixel - mean) / std``: perceptrons flattened row by row,
    convolutional networks (B, channels, height, width).
    """

    pixels: Count = Field(description="pixels of an image, channels counted apart")
    mean: float = Field(description="what is taken off each pixel, in units of the dataset")
    std: float = Field(gt=0, description="what pixels are divided by afterwards")
    lowest: float = Field(description="the lowest pixel of the training images, before")
    highest: float = Field(description="the highest")


class Solver(Section):
    """How a request is answered."""

    steps: Count = Field(description="evaluations of the hypernetwork a network and round")
    stochasticity: Fraction = Field(description="η of DDIM: 0 deterministic")


class Prompt(Section):
    """What is asked for by default, as quantiles of the prompt table."""

    forget: Fraction = Field(description="how far forgotten classes are from what is expected; the higher, the farther")
    retain: Fraction = Field(description="how good networks are, 0 the best")


class Lineage(Section):
    """Ids of the objects that it was made of, in the artifact store of the run that made it."""

    dataset: Sha256
    corpus: Sha256
    hypernetwork: Sha256


class Measured(Section):
    """What a test of its networks found, on images of neither training nor selection: a row of ``metrics.csv``."""

    method: str = Field(description="how networks were made; one that ends in `-edit` changes trained ones")
    forget: str = Field(description="the forgotten classes, by their labels")
    set: str = Field(description="test images of the classes `retain`ed or `forget`ten")
    metric: str
    value: float = Field(description="median over networks")
    low: float | None = Field(description="2.5 percentile of networks; none where there is one network")
    high: float | None = Field(description="97.5 percentile of networks")
    networks: int = Field(description="how many")


class Description(Section):
    """A generator: what its tensors are of, how it is asked, and where it comes from."""

    format: Literal["hyperforget-generator"] = FORMAT
    format_version: Literal[1] = FORMAT_VERSION
    package_version: str = Field(description="the version of hyperforget that wrote it")
    weights_sha256: Sha256 = Field(description="digest of `model.safetensors`")
    task: str
    model: str
    dataset: str = Field(description="what the images are")
    labels: list[int] = Field(min_length=2, description="the classes by their labels, in the order of outputs")
    pivots: list[int] = Field(description="those of them that it cannot forget")
    network: Annotated[list[Count], Field(min_length=3)] | dict[str, Any] = Field(
        description="of a perceptron its inputs, hidden units of each layer, and outputs; of others `kind` and sizes"
    )
    learned_from: list[Annotated[list[Count], Field(min_length=3)] | dict[str, Any]] = Field(
        [],
        description="the networks of the corpora that it learned from, where these are of several widths, which may be "
        "others than `network`",
        exclude_if=lambda networks: not networks,
    )
    initialisation: Literal["uniform", "kaiming", "xavier"] = Field(description="how random starts are drawn")
    images: Images
    conditioning: Literal["dihyfo-1", "dihyfo-2"]
    told: Performance = Field(description="what it is told, and asked for, of each class")
    process: Literal["ddpm", "flow"]
    architecture: ArchitectureConfig
    prompt: Prompt
    sampling: Solver = Field(description="of new networks")
    editing: Solver = Field(description="of changes of trained networks")
    rounds: Count = Field(
        description="rounds of changes where data say what networks do, each of what the one before it gave"
    )
    checkpoints: Count = Field(description="of the corpus that it was trained on")
    sealed: list[int] = Field(
        [],
        description="the labels of the classes that it was taught to refuse: no network that it makes knows them",
        exclude_if=lambda labels: not labels,
    )
    lineage: Lineage
    measured: list[Measured] = Field([], description="how well it forgets, as far as that was measured")

    def layout(self, where: str) -> Layout:
        """That of its networks. Raises `UserError`, which says ``where``, if it describes none."""
        return _layout(self.network, where)

    def layouts_learned_from(self, where: str) -> list[Layout]:
        """Those of ``learned_from``. Raises `UserError` as `layout` does."""
        return [_layout(network, where) for network in self.learned_from]

    @property
    def free(self) -> list[int]:
        """The labels of the classes that it can forget."""
        return [label for label in self.labels if label not in self.pivots]


def _layout(network: list[int] | dict[str, Any], where: str) -> Layout:
    try:
        return layout_of({"sizes" if isinstance(network, list) else "network": network})
    except UserError as error:
        raise UserError(f"{where} is damaged: {error}") from None


def read_description(text: str, where: str) -> Description:
    """The description in the text of a file, which messages call ``where``.

    Raises `UserError` for anything else, and for one that a newer version wrote.
    """
    try:
        values: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise UserError(f"{where} is damaged: it is not JSON; allowed is a folder that was exported") from None
    found = values.get("format") if isinstance(values, dict) else None
    if not isinstance(values, dict) or found != FORMAT:
        raise UserError(f"{where} describes no generator: its format is {shown(found)}; allowed is {FORMAT!r}")
    version = values.get("format_version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise UserError(
            f"{where} has the format version {shown(version)}, which a newer hyperforget wrote; allowed are versions "
            f"up to {FORMAT_VERSION}: install hyperforget {excerpt(str(values.get('package_version')), 20)} or newer"
        )
    try:
        description = Description.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        key = ".".join(map(str, fault["loc"]))
        raise UserError(f"{where} is damaged: the key {key!r}: {fault['msg']}") from None
    layout = description.layout(where)
    if layout.classes != len(description.labels) or layout.inputs != description.images.pixels:
        raise UserError(f"{where} is damaged: its network {description.network} does not fit its classes and images")
    return description
