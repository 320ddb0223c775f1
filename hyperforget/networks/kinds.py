"""Main networks by their kind: as a configuration names them, and as stored objects do."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from hyperforget.config.image_shapes import check_image
from hyperforget.config.networks import ImageShape, NetworkConfig
from hyperforget.errors import UserError, excerpt
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout


def layout_for(network: NetworkConfig, image: ImageShape, classes: int) -> Layout:
    """The layout of a configured network for images of a shape and so many classes.

    Raises `UserError` for a convolutional one whose kernels do not fit the images.
    """
    check_image(network, image)
    if network.kind == "perceptron":
        return PerceptronLayout((math.prod(image), *network.hidden, classes))
    height, width, channels = image
    return ConvolutionalLayout(
        (height, width, channels), tuple(network.channels), network.kernel, network.stride, classes
    )


def stored_attributes(layout: Layout) -> dict[str, Any]:
    """What a stored object tells of the layout of its networks; of kinds whose sizes do not tell it all, all parameters
    too.
    """
    if isinstance(layout, PerceptronLayout):
        return layout.attributes
    return {**layout.attributes, "parameters": [asdict(parameter) for parameter in layout.parameters]}


def layout_of(attributes: Mapping[str, Any]) -> Layout:
    """The layout that the attributes of a stored object, or of a generator, name; see `Layout.attributes`.

    Raises `UserError` for what names none.
    """
    try:
        # Perceptrons were the only kind before there was a choice, and still tell their sizes alone.
        only_sizes = "sizes" in attributes
        network = {"kind": "perceptron", **attributes} if only_sizes else dict(attributes["network"])
        return LAYOUTS[network.pop("kind")](network)
    except (KeyError, TypeError, ValueError, OverflowError):
        told = excerpt(str(attributes.get("network", attributes.get("sizes"))), 80)
        raise UserError(f"no main network is described by {told}; allowed are {', '.join(LAYOUTS)}") from None


def _perceptron(values: dict[str, Any]) -> Layout:
    return PerceptronLayout(tuple(int(size) for size in values["sizes"]))


def _convolutional(values: dict[str, Any]) -> Layout:
    height, width, inputs = (int(size) for size in values["image"])
    channels = tuple(int(each) for each in values["channels"])
    kernel, stride, outputs = (int(values[name]) for name in ("kernel", "stride", "outputs"))
    smallest = min(inputs, *channels, kernel, stride, outputs)
    if not channels or smallest < 1 or kernel % 2 == 0 or kernel > min(height, width):
        raise ValueError("no such network")
    return ConvolutionalLayout((height, width, inputs), channels, kernel, stride, outputs)


# How each kind is read from what `Layout.attributes` said.
LAYOUTS: dict[str, Callable[[dict[str, Any]], Layout]] = {"perceptron": _perceptron, "convolutional": _convolutional}
