"""Which convolutional layout a module of somebody else's has, as far as its layers tell."""

from torch import nn

from hyperforget.config.networks import ImageShape
from hyperforget.errors import UserError
from hyperforget.networks.convolutional import ConvolutionalLayout

ALLOWED_CONVOLUTIONS = (
    "allowed are convolutions with a bias, all with the same odd square kernel and the same stride, with a border of "
    "(kernel - 1) / 2 zeros, each followed by ReLU, then the mean over positions and one linear layer"
)


def first_convolution(module: nn.Module) -> nn.Conv2d | None:
    """The first convolution of images in a module, if there is any."""
    return next((each for each in module.modules() if isinstance(each, nn.Conv2d)), None)


def convolutional_layout_of(module: nn.Module, image: ImageShape, whose: str) -> ConvolutionalLayout:
    """The layout of a module with convolutions, for images of shape ``image`` (height, width, channels).

    It is read of the layers in the order in which the module has them; whether that is what the module computes is for
    the caller to try. Raises `UserError`, which calls the module ``whose``, for layers that no layout has.
    """
    if len(image) != 3:
        raise UserError(
            f"{whose} has convolutions, but images of {image[0]} numbers have no height and width; allowed are images "
            "(B, height, width) or (B, channels, height, width)"
        )
    convolutions = [each for each in module.modules() if isinstance(each, nn.Conv2d)]
    linear = [each for each in module.modules() if isinstance(each, nn.Linear)]
    first = convolutions[0]
    kernel, stride = int(first.kernel_size[0]), int(first.stride[0])
    for convolution in convolutions:
        fault = _fault(convolution, kernel, stride)
        if fault:
            raise UserError(f"{whose} has a convolution with {fault}; {ALLOWED_CONVOLUTIONS}")
    if len(linear) != 1:
        raise UserError(f"{whose} has {len(linear)} linear layers beside convolutions; {ALLOWED_CONVOLUTIONS}")
    height, width, channels = image
    sizes = [channels, *(layer.out_channels for layer in convolutions)]
    read = [*(layer.in_channels for layer in convolutions), linear[0].in_features]
    layers: list[nn.Module] = [*convolutions, *linear]
    for given, wanted, layer in zip(sizes, read, layers, strict=True):
        if given != wanted:
            before = f"images {image} have" if layer is first else "the layer before it gives"
            raise UserError(f"{whose} has {layer}, but {before} {given} channels; {ALLOWED_CONVOLUTIONS}")
    if kernel > min(height, width):
        raise UserError(
            f"{whose} has kernels of {kernel} x {kernel} numbers, larger than images of {height} x {width} pixels; "
            "allowed are kernels no larger than images"
        )
    return ConvolutionalLayout((height, width, channels), tuple(sizes[1:]), kernel, stride, linear[0].out_features)


def _fault(layer: nn.Conv2d, kernel: int, stride: int) -> str | None:
    """What of a convolution no layout has, in words."""
    if set(layer.kernel_size) != {kernel} or kernel % 2 == 0:
        return f"kernel_size {layer.kernel_size}" + (f" beside one of {kernel}" if kernel % 2 else "")
    if set(layer.stride) != {stride}:
        return f"stride {layer.stride}" + (f" beside one of {stride}" if len(set(layer.stride)) == 1 else "")
    border = (kernel - 1) // 2
    same = {"same": border, "valid": 0}
    paddings = {same[layer.padding]} if isinstance(layer.padding, str) else set(layer.padding)
    if paddings != {border} or layer.padding_mode != "zeros":
        return f"padding {layer.padding} ({layer.padding_mode})"
    if set(layer.dilation) != {1} or layer.groups != 1:
        return f"dilation {layer.dilation} and groups {layer.groups}"
    return None if layer.bias is not None else "no bias"
