"""How sure a median over networks is: both the networks and the test images are but some of many."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

_RESAMPLES = 1000
_RESAMPLES_AT_ONCE = 100
_BOUNDS = (0.025, 0.975)


def median_intervals(correct: Tensor, groups: Sequence[Sequence[int]]) -> list[tuple[float, float]]:
    """95 % intervals of the median accuracy over each of some groups of networks, ``groups`` of rows of ``correct``,
    bool (N, B), which of B images each network gets right.

    Percentile bootstrap: networks and images are drawn anew, with replacement and apart from each other, a thousand
    times (Owen, 2007, who shows that this errs on the safe side). Of a single network, only images are. All draws
    are the same at every call, and those of images for every group.
    """
    generators = [torch.Generator().manual_seed(1) for _ in groups]
    medians: list[list[Tensor]] = [[] for _ in groups]
    answers = correct.float().cpu()
    for counts in _image_counts(answers.shape[1]):
        accuracy = counts @ answers.T / answers.shape[1]  # (R, N), of whole numbers below 2^24, so exact
        for found, group, generator in zip(medians, groups, generators, strict=True):
            drawn = torch.randint(len(group), (len(accuracy), len(group)), generator=generator)
            found.append(accuracy.gather(1, torch.tensor(group)[drawn]).quantile(0.5, dim=1))
    bounds = torch.tensor(_BOUNDS, dtype=torch.float64)
    low_and_high = (torch.cat(found).double().quantile(bounds).tolist() for found in medians)
    return [(low, high) for low, high in low_and_high]


def _image_counts(images: int) -> Iterator[Tensor]:
    """How often each image is drawn in each of some resamples, float32 (R, B), some at a time."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(0, _RESAMPLES, _RESAMPLES_AT_ONCE):
        drawn = torch.randint(images, (_RESAMPLES_AT_ONCE, images), generator=generator)
        drawn += images * torch.arange(_RESAMPLES_AT_ONCE).unsqueeze(1)
        counts = torch.bincount(drawn.flatten(), minlength=_RESAMPLES_AT_ONCE * images)
        yield counts.reshape(_RESAMPLES_AT_ONCE, images).float()
