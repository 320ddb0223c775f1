"""Section of a main network: its kind and its size."""

from typing import Literal, Self

from pydantic import Field, model_validator

from hyperforget.config.base import Count, Section, Size

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
