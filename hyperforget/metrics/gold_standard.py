"""The gold standard of unlearning: what networks are measured against, and on which sets of images."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

SplitName = Literal["train", "test"]


@dataclass(frozen=True)
class GoldStandard:
    """What retrained networks answer, and what they were retrained without; all on one device.

    ``labels`` int64 (B,) of both splits, the forgotten classes as a mask ``forget`` bool (C,), and the test
    probabilities of all retrained networks, ``probabilities`` (S, B, C) for S seeds. Where labels and mask are of
    groups, ``answers`` int64 (B,) of both splits are what networks are to answer.
    """

    labels: dict[SplitName, Tensor]
    forget: Tensor
    probabilities: Tensor
    answers: dict[SplitName, Tensor] | None = None

    @property
    def targets(self) -> dict[SplitName, Tensor]:
        """What networks are to answer, int64 (B,), of both splits."""
        return self.answers or self.labels

    def classes(self, split: SplitName) -> dict[str, Tensor]:
        """The classes of each set made of a split's images, as masks bool (C,)."""
        if split == "train":
            return {"retain-train": ~self.forget, "forget-train": self.forget}
        return {"retain": ~self.forget, "forget": self.forget, "test": torch.ones_like(self.forget)}

    def members(self, split: SplitName) -> dict[str, Tensor]:
        """The images of each set made of a split's images, as masks bool (B,)."""
        return {name: classes[self.labels[split]] for name, classes in self.classes(split).items()}
