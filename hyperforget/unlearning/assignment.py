"""What a method that edits trained networks is given."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.config import RecipeConfig
from hyperforget.data.splits import Split
from hyperforget.networks.batch import Networks


@dataclass(frozen=True)
class Assignment:
    """The trained networks ``originals``, the forgotten classes bool (C,), the images to work on, ``train``, and those
    to choose settings on, ``validation``; the ``recipe`` that the originals were trained by, and a generator of the
    CPU. Tensors lie on the device that computes.
    """

    originals: Networks
    forget: Tensor
    train: Split
    validation: Split
    recipe: RecipeConfig
    generator: torch.Generator
