"""Networks as people have them, a module, a state dict or a file, and the flat parameters that they are here."""

import copy
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from hyperforget.config.networks import ImageShape
from hyperforget.errors import UserError, excerpt
from hyperforget.networks.batch import Networks
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.forward import forward
from hyperforget.networks.kinds import layout_of
from hyperforget.networks.layout import Layout
from hyperforget.networks.module_layout import ALLOWED_CONVOLUTIONS, convolutional_layout_of, first_convolution
from hyperforget.networks.perceptron import PerceptronLayout

_ALLOWED = "allowed is a perceptron with ReLU, of each layer a weight (outputs, inputs) and a bias (outputs)"
_TRIED_IMAGES, _TOLERANCE = 8, 1e-3
# Tensors that a message names at the most.
_TOLD = 8


@dataclass(frozen=True)
class GivenNetwork:
    """One network: its flat parameters float32 (1, P) with their layout, and how its owner names the tensors, in the
    order of ``layout.parameters``.
    """

    networks: Networks
    names: tuple[str, ...]

    def state_dict(self, params: Tensor) -> dict[str, Tensor]:
        """The tensors of another network of the same layout, ``params`` (P,), by its owner's names."""
        tensors = self.networks.layout.state_dict(params).values()
        return dict(zip(self.names, tensors, strict=True))


def network_of(
    given: nn.Module | Mapping[str, Tensor],
    whose: str = "the network",
    like: Layout | None = None,
    image: ImageShape | None = None,
) -> GivenNetwork:
    """A module or its state dict; messages call it ``whose``. What is given is left as it is.

    A module with convolutions is of the layout that its layers tell, for images of shape ``image`` (height, width,
    channels), or those of the layout that it should be ``like``. A state dict with convolutions has to be of that
    layout: its tensors do not tell all. Everything else is a perceptron. Layers are put in the order of their names,
    numbers by their value, or else in the order given, whichever has each layer read what the one before it gives.
    Raises `UserError` for what is neither, for numbers that are not finite, and for a module that computes anything
    else of the same parameters.
    """
    if isinstance(given, nn.Module):
        found = _of_tensors(given.state_dict(), whose, _told_by_layers(given, whose, like, image))
        _check_same_function(given, found, whose)
        return found
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        raise UserError(f"{whose} is of type {kind}; allowed are a torch.nn.Module and its state dict")
    return _of_tensors(given, whose, like)


def read_network(path: Path, like: Layout | None = None) -> tuple[GivenNetwork, dict[str, str]]:
    """A state dict in a ``.safetensors`` file, or in one that ``torch.save`` made, with the texts that the file says of
    it; nothing is unpickled but tensors. It is expected to be of the layout that these texts tell, which files of this
    package do of convolutional networks, or else ``like`` one, as in `network_of`.

    Raises `UserError` for a missing or damaged file and as `network_of`.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise UserError(f"{path} is no file; allowed is a state dict, .safetensors or .pt")
    about: dict[str, str] = {}
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no mapping
                about = file.metadata() or {}
        else:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError):
        raise UserError(f"{path} is damaged, or no safetensors file") from None
    except Exception as error:  # Whatever damaged or hostile files lead to.
        reason = excerpt(str(error).split("\n")[0], 80)
        raise UserError(f"{path} is no state dict that can be read without running code from it ({reason})") from None
    return network_of(tensors, str(path), _told_by_text(about.get("network")) or like), about


def _told_by_text(text: str | None) -> Layout | None:
    """The layout that a file tells; None where it says nothing, or something else by the same name."""
    try:
        return None if text is None else layout_of({"network": json.loads(text)})
    except (ValueError, RecursionError, UserError):
        return None


def join_networks(several: Iterable[GivenNetwork]) -> Networks:
    """Some of one layout as a batch; raises `UserError` where layouts differ."""
    every = [each.networks for each in several]
    for index, other in enumerate(every):
        if other.layout != every[0].layout:
            raise UserError(
                f"network {index} is {other.layout.named}, and network 0 {every[0].layout.named}; "
                "allowed are networks of one shape"
            )
    return Networks(torch.cat([each.params for each in every]), every[0].layout)


def _told_by_layers(module: nn.Module, whose: str, like: Layout | None, image: ImageShape | None) -> Layout | None:
    """The layout that the layers of a module tell, where it has convolutions and images are known; else ``like``."""
    if isinstance(like, ConvolutionalLayout):
        image = like.image
    if image is None or first_convolution(module) is None:
        return like
    return convolutional_layout_of(module, image, whose)


def _of_tensors(tensors: Mapping[str, Tensor], whose: str, like: Layout | None) -> GivenNetwork:
    if isinstance(like, ConvolutionalLayout) and has_convolutions(tensors):
        return _of_layout(tensors, whose, like)
    layers: dict[str, dict[str, str]] = {}
    for name, tensor in tensors.items():
        layer, _, kind = str(name).rpartition(".")
        dimensions = {"weight": 2, "bias": 1}.get(kind)
        if not isinstance(tensor, Tensor) or tensor.dim() != dimensions or not tensor.is_floating_point():
            what = f"of shape {tuple(tensor.shape)}" if isinstance(tensor, Tensor) else f"a {type(tensor).__name__}"
            raise UserError(f"{whose} has {str(name)!r}, {what}; {_ALLOWED}")
        layers.setdefault(layer, {})[kind] = name
    for layer, parts in layers.items():
        if len(parts) == 1:
            raise UserError(f"{whose} has {next(iter(parts.values()))!r}, and nothing else of {layer!r}; {_ALLOWED}")
    for order in (sorted(layers, key=_by_number), list(layers)):
        shapes = [tuple(tensors[layers[layer]["weight"]].shape) for layer in order]
        sizes = (*(inputs for _, inputs in shapes), *(outputs for outputs, _ in shapes[-1:]))
        biases = [tensors[layers[layer]["bias"]].shape[0] for layer in order]
        if len(sizes) > 2 and list(sizes[1:]) == [outputs for outputs, _ in shapes] == biases:
            names = tuple(layers[layer][kind] for layer in order for kind in ("weight", "bias"))
            return _flat([tensors[name] for name in names], PerceptronLayout(sizes), names, whose)
    raise UserError(f"{whose} has {_in_words(tensors)}; {_ALLOWED}, and at least one hidden layer")


def has_convolutions(tensors: Mapping[str, Tensor]) -> bool:
    """Whether some of the tensors are weights of convolutions of images."""
    return any(isinstance(tensor, Tensor) and tensor.dim() == 4 for tensor in tensors.values())


def _of_layout(tensors: Mapping[str, Tensor], whose: str, layout: Layout) -> GivenNetwork:
    wanted = [(parameter.shape, parameter.name.rpartition(".")[2]) for parameter in layout.parameters]
    by_number = sorted(tensors, key=lambda name: (_by_number(name.rpartition(".")[0]), not name.endswith("weight")))
    for names in (by_number, list(tensors)):
        found = [(tuple(getattr(tensors[name], "shape", ())), name.rpartition(".")[2]) for name in names]
        if found == wanted and all(tensors[name].is_floating_point() for name in names):
            return _flat([tensors[name] for name in names], layout, tuple(names), whose)
    needed = ", ".join(f"{parameter.name} {parameter.shape}" for parameter in layout.parameters[:_TOLD])
    raise UserError(f"{whose} has {_in_words(tensors)}; allowed is the state dict of {layout.named}, as {needed}")


def _in_words(tensors: Mapping[str, Tensor]) -> str:
    described = (f"{name} {tuple(getattr(tensor, 'shape', ()))}" for name, tensor in list(tensors.items())[:_TOLD])
    return ", ".join(described) or "no tensors"


def _by_number(name: str) -> list[tuple[int, str]]:
    """What sorts names so that ``layers.10`` comes after ``layers.2``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _flat(tensors: list[Tensor], layout: Layout, names: tuple[str, ...], whose: str) -> GivenNetwork:
    for name, tensor in zip(names, tensors, strict=True):
        if not tensor.isfinite().all():
            raise UserError(f"{whose} has numbers in {name!r} that are NaN or infinite; allowed are finite ones")
    params = torch.cat([tensor.detach().cpu().float().flatten() for tensor in tensors])
    return GivenNetwork(Networks(params.unsqueeze(0), layout), names)


def _check_same_function(module: nn.Module, found: GivenNetwork, whose: str) -> None:
    """Raise `UserError` for a module whose answers to some random images are not those of the network found in it."""
    layout = found.networks.layout
    images = torch.randn(_TRIED_IMAGES, layout.inputs, generator=torch.Generator().manual_seed(0))
    expected = forward(found.networks, images)[0].softmax(-1)
    images = layout.images_of_modules(images)
    with torch.no_grad():
        try:
            answers = copy.deepcopy(module).cpu().float().eval()(images).softmax(-1)
        except Exception as error:  # Whatever other people's code raises.
            reason = excerpt(str(error).split("\n")[0], 80)
            raise UserError(f"{whose} cannot be asked about images {tuple(images.shape)} ({reason})") from None
    if answers.shape != expected.shape or not torch.allclose(answers, expected, atol=_TOLERANCE):
        raise UserError(
            f"{whose} computes something else than the {layout.description} of its tensors; "
            + (_ALLOWED if isinstance(layout, PerceptronLayout) else ALLOWED_CONVOLUTIONS)
        )
