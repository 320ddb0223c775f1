"""Shapes of images as far as a configuration tells them, before any are read, and networks that they fit."""

from hyperforget.config.networks import ImageShape, NetworkConfig
from hyperforget.config.raw_files import openml_set, torchvision_set
from hyperforget.config.tasks import DatasetConfig
from hyperforget.errors import UserError

# scikit-learn's embedded digits.
DIGITS = (8, 8, 1)


def known_shape(dataset: DatasetConfig, where: str = "dataset") -> ImageShape | None:
    """The shape of the images of a dataset; None where only they themselves tell it.

    Raises `UserError`, which says ``where``, for a size that images cannot be averaged down to.
    """
    if dataset.source in ("npz", "function"):
        return None
    if dataset.source in ("digits", "grouped-digits"):
        shape = DIGITS
    else:
        shape = (openml_set if dataset.source == "openml" else torchvision_set)(dataset.name).image
    return shape if dataset.resize is None else resized_shape(shape, dataset.resize, where)


def resized_shape(shape: ImageShape, side: int, where: str = "dataset") -> ImageShape:
    """The shape of images that are averaged down to ``side`` x ``side`` pixels.

    Raises `UserError`, which says ``where``, for images that are not square, and for a side that does not
    divide theirs.
    """
    if len(shape) != 3 or shape[0] != shape[1]:
        raise UserError(
            f"{where}.resize is {side}, but images are of shape {shape}; allowed are square ones, (height, width) or "
            "(height, width, channels)"
        )
    if shape[0] % side:
        divisors = [size for size in range(1, shape[0] + 1) if shape[0] % size == 0]
        nearest = min(divisors, key=lambda size: abs(size - side))
        raise UserError(
            f"{where}.resize is {side}, but images are of {shape[0]} x {shape[1]} pixels; allowed are divisors of "
            f"{shape[0]}, the nearest is {nearest}"
        )
    return (side, side, shape[2])


def check_image(network: NetworkConfig, image: ImageShape, where: str = "network") -> None:
    """Raise `UserError`, which says ``where``, if the kernels of a network do not fit images of a shape."""
    if network.kind == "perceptron":
        return
    if len(image) != 3:
        raise UserError(
            f"{where}.kind is {network.kind!r}, but images of {image[0]} numbers have no height and width; allowed are "
            "images of shape (height, width), (height, width, channels), or flat squares"
        )
    if network.kernel > min(image[:2]):
        largest = max(size for size in range(1, min(image[:2]) + 1) if size % 2)
        raise UserError(
            f"{where}.kernel is {network.kernel}, larger than images of {image[0]} x {image[1]} pixels; allowed are "
            f"odd numbers up to {largest}"
        )
