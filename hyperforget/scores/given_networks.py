"""Networks as people have them, one or several, read as networks for some data."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from torch import Tensor, nn

from hyperforget.config.networks import ImageShape
from hyperforget.data.splits import TaskData
from hyperforget.errors import UserError, shown
from hyperforget.networks.batch import Networks
from hyperforget.networks.given import GivenNetwork, has_convolutions, join_networks, network_of, read_network
from hyperforget.networks.layout import Layout
from hyperforget.networks.module_layout import first_convolution
from hyperforget.scores.given_data import UNKNOWN_PIXELS

OneNetwork: TypeAlias = nn.Module | Mapping[str, Tensor] | str | Path


def layout_told_by(several: Iterable[OneNetwork | Sequence[OneNetwork]], data: TaskData) -> Layout | None:
    """The layout of the first module with convolutions among what is given, which state dicts have to be like; None
    where there is none.
    """
    for given in several:
        for each in [given] if isinstance(given, nn.Module) else given if isinstance(given, list | tuple) else []:
            if isinstance(each, nn.Module) and first_convolution(each) is not None:
                return network_of(each, image=_image_for(each, data)).networks.layout
    return None


def networks_of(
    given: OneNetwork | Sequence[OneNetwork], argument: str, data: TaskData, like: Layout | None
) -> Networks:
    """What an ``argument`` gives, of which state dicts with convolutions are ``like`` a layout.

    Raises `UserError` for what is no network, and for networks of several shapes or that do not fit the data.
    """
    if isinstance(given, str | Path | nn.Module | Mapping):
        given = [given]
    if not isinstance(given, Iterable) or not (every := list(given)):
        raise UserError(
            f"{argument} is {shown(given)}; allowed are one or several modules, state dicts or files of these"
        )
    networks = join_networks(_network(each, f"{argument}[{place}]", data, like) for place, each in enumerate(every))
    _check_fits(networks.layout, argument, data)
    return networks


def _network(given: OneNetwork, whose: str, data: TaskData, like: Layout | None) -> GivenNetwork:
    if isinstance(given, str | Path):
        found, about = read_network(Path(given), like)
        _check_same_data(about, str(given), data)
        return found
    if isinstance(given, nn.Module):
        return network_of(given, whose, like, _image_for(given, data))
    if like is None and isinstance(given, Mapping) and has_convolutions(given):
        raise UserError(
            f"{whose} is the state dict of a network with convolutions, which does not tell their strides; allowed is "
            "its module, or a module of the same kind among the networks"
        )
    return network_of(given, whose, like)


def _image_for(module: nn.Module, data: TaskData) -> ImageShape:
    """The shape (height, width, channels) of the data's images, as a module reads them: with the channels first, as
    torch's convolutions have them, where these are as many as its first convolution reads.
    """
    first = first_convolution(module)
    if first is not None and len(data.image) == 3:
        one, two, three = data.image
        if one == first.in_channels != three:
            return (two, three, one)
    return data.image


def _check_same_data(about: Mapping[str, str], whose: str, data: TaskData) -> None:
    """Raise `UserError` where what a file says of its network tells of other classes or pixels than the data have."""
    labels = "-".join(map(str, data.labels))
    if about.get("labels", labels) != labels:
        raise UserError(f"{whose} is a network for the classes {about['labels']}; allowed are the data's, {labels}")
    if (data.mean, data.std) == UNKNOWN_PIXELS:
        return
    for name, known in (("mean", data.mean), ("std", data.std)):
        if name in about and not _close(about[name], known):
            raise UserError(
                f"{whose} reads pixels that were normalised with {name} {about[name]}; allowed is that of the data, "
                f"{known!r}"
            )


def _close(text: str, number: float) -> bool:
    try:
        return math.isclose(float(text), number, rel_tol=1e-4, abs_tol=1e-6)
    except ValueError:
        return False


def _check_fits(layout: Layout, argument: str, data: TaskData) -> None:
    pixels = data.train.images.shape[1]
    if layout.inputs != pixels or layout.classes != data.classes:
        raise UserError(
            f"{argument}: {layout.named} reads {layout.inputs} numbers and tells {layout.classes} classes; "
            f"allowed are networks for the data, whose images have {pixels} pixels and {data.classes} classes"
        )
