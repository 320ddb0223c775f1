"""Section of a main network: its kind and its size."""

from typing import Literal, Self

from pydantic import Field, model_validator

from hyperforget.config.base import Count, Section, Size
from hyperforget.errors import UserError

# Height, width and channels; or the number of pixels alone, where images are no pictures.
ImageShape = tuple[int, ...]


class NetworkConfig(Section):
    """A main network, by its kind; each kind has keys of its own."""

    kind: Literal["perceptron", "convolutional"] = Field(
        "perceptron",
        description="`perceptron`: fully connected layers with ReLU between them; `convolutional`: convolutions with "
        "ReLU, then the mean over positions and a linear layer",
    )
    hidden: list[Size] = Field([], description="`perceptron`: hidden units of each layer, one number a layer")
    channels: list[Size] = Field([], description="`convolutional`: channels of each convolution, one number a layer")
    kernel: Count = Field(3, le=64, description="`convolutional`: height and width of each kernel, pixels, odd")
    stride: Count = Field(2, le=64, description="`convolutional`: pixels from one position to the next")

    @model_validator(mode="after")
    def _has_keys_of_its_kind(self) -> Self:
        own, others = {"perceptron": ("hidden", ("channels", "kernel", "stride"))}.get(
            self.kind, ("channels", ("hidden",))
        )
        for key in others:
            if getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"{key} is no key of the kind {self.kind!r}; allowed is {own!r}")
        if not getattr(self, own):
            raise ValueError(f"the kind {self.kind!r} needs {own!r}, a list of at least one number, for example [16]")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel is {self.kernel}; allowed are odd numbers, the nearest is {self.kernel + 1}")
        return self

    def check_image(self, image: ImageShape, where: str = "network") -> None:
        """Raise `UserError`, which says ``where``, if kernels do not fit images of that shape."""
        if self.kind == "perceptron":
            return
        if len(image) != 3:
            raise UserError(
                f"{where}.kind is 'convolutional', but images of {image[0]} numbers have no height and width; allowed "
                "are images of shape (height, width), (height, width, channels), or flat squares"
            )
        if self.kernel > min(image[:2]):
            largest = max(size for size in range(1, min(image[:2]) + 1) if size % 2)
            raise UserError(
                f"{where}.kernel is {self.kernel}, larger than images of {image[0]} x {image[1]} pixels; allowed are "
                f"odd numbers up to {largest}"
            )

    @property
    def description(self) -> str:
        """In words, for people."""
        if self.kind == "perceptron":
            return "MLP, ReLU, hidden units: " + ", ".join(map(str, self.hidden))
        kernels = f"{self.kernel} x {self.kernel}"
        return (
            f"CNN, ReLU, channels: {', '.join(map(str, self.channels))}, kernels {kernels}, stride {self.stride}, mean "
            "over positions"
        )
