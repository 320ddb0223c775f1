"""Whether the networks of a method, as a population, are as retrained ones: what no single network shows.

Two populations of the same size are compared, or their numbers of networks would tell. Retrained networks against
retrained ones are not at the ideal value either, as there are finitely many: their half against their other half is the
floor that no method gets below.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

_BINS, _CLIP, _SMOOTHING = 20, 100.0, 1e-5
_DELTA, _LARGEST_EPSILON, _BIN = 1e-5, 50.0, 0.5
# Pairs of thresholds by images that are worked on at once.
_PAIRS_AT_ONCE = 1 << 24


def klom(margins: Tensor, retrained: Tensor) -> Tensor:
    """KLOM of each image, float64 (B,), in nats, at least 0: KL of how margins (N, B) of networks are distributed from
    how those of retrained ones (S, B) are; the margin of an image is the log-odds of its class.

    Georgiev et al. (2024), "Attribute-to-Delete": histograms of 20 bins of equal width over the range of
    both, the highest margin in the last one, of margins between -100 and 100, with 1e-5 added to the share of each bin.
    """
    own, other = (each.double().clamp(-_CLIP, _CLIP) for each in (margins, retrained))
    low, high = (
        torch.minimum(own.amin(0), other.amin(0)),
        torch.maximum(own.amax(0), other.amax(0)),
    )
    width = ((high - low) / _BINS).clamp(min=torch.finfo(torch.float64).tiny)
    p, q = (_shares(((each - low) / width).long().clamp(max=_BINS - 1)) for each in (own, other))
    found: Tensor = (p * (p / q).log()).sum(dim=0)
    return found


def _shares(bins: Tensor) -> Tensor:
    """Smoothed shares (bins, B) of bin numbers (N, B)."""
    counts = torch.zeros(_BINS, bins.shape[1], dtype=torch.float64, device=bins.device)
    counts.scatter_add_(0, bins, torch.ones(bins.shape, dtype=torch.float64, device=bins.device))
    smoothed = counts / len(bins) + _SMOOTHING
    return smoothed / smoothed.sum(dim=0)


def image_epsilons(confidences: Tensor, retrained: Tensor) -> Tensor:
    """ε of each image, float64 (B,), in [0, 50]: how surely the best rule of one or two thresholds tells networks by
    their confidences (N, B) from retrained ones (S, B); a confidence is the log-odds of an image's class.

    Triantafillou et al. (2024), "Are we making progress in unlearning?": the largest, over rules, of
    ln(1 - δ - FPR) - ln FNR and ln(1 - δ - FNR) - ln FPR, δ = 1e-5; a rule without any error tells all, 50, and one
    with errors of a single kind is left out.
    """
    both = torch.cat([confidences, retrained]).double()
    found = []
    at_once = max(1, _PAIRS_AT_ONCE // (len(both) + 1) ** 2)
    sides = (each.double().split(at_once, dim=1) for each in (confidences, retrained))
    for values, own, other in zip(both.split(at_once, dim=1), *sides, strict=True):
        cuts = values.sort(dim=0).values.T.contiguous()  # (B, N + S)
        # Shares (B, N + S + 1) that are at most each of the cuts, and before the first of them none.
        below = [
            torch.cat([cuts.new_zeros(len(cuts), 1), _at_most(each.T.contiguous(), cuts)], dim=1)
            for each in (own, other)
        ]
        inside, inside_other = (each.unsqueeze(1) - each.unsqueeze(2) for each in below)  # (B, from, to)
        best = cuts.new_zeros(len(cuts))
        # What lies between two cuts is taken for an unlearned network, or all but that.
        for missed, wrong in ((1 - inside, inside_other), (inside, 1 - inside_other)):
            best = torch.maximum(best, _epsilon(wrong, missed).flatten(1).amax(dim=1))
        found.append(best)
    return torch.cat(found)


def _at_most(values: Tensor, cuts: Tensor) -> Tensor:
    return torch.searchsorted(values.sort(dim=1).values, cuts, right=True).double() / values.shape[1]


def _epsilon(wrong: Tensor, missed: Tensor) -> Tensor:
    """ε of rules with rates of false positives and of false negatives, of one shape; 0 of rules that are left out."""
    # Differences of shares are zero but for the last binary digits.
    wrong, missed = (torch.where(each < 1e-12, 0.0, each) for each in (wrong, missed))
    none = wrong.new_zeros(())
    first = (1 - _DELTA - wrong).clamp(min=0).log() - missed.log()
    second = (1 - _DELTA - missed).clamp(min=0).log() - wrong.log()
    epsilon = torch.maximum(first, second).nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
    epsilon = torch.where((wrong > 0) & (missed > 0), epsilon, none)
    epsilon = torch.where((wrong == 0) & (missed == 0), _LARGEST_EPSILON, epsilon)
    return epsilon.clamp(0, _LARGEST_EPSILON)


def challenge_score(epsilons: Tensor, kept: Sequence[tuple[float, float]]) -> float:
    """The score of the unlearning challenge, at least 0: the mean over images of 2^-k, k the number of half ε that
    ``epsilons`` (B,) hold, times the accuracy of networks over that of retrained ones, ``kept``, on each of some sets.

    Triantafillou et al. (2024), whose sets are retained training images and test images. 1 is the most that networks
    reach which nothing tells and which keep no more than retrained ones.
    """
    quality = float(torch.pow(2.0, -(epsilons / _BIN).floor()).mean())
    return quality * math.prod(own / retrained for own, retrained in kept)


def two_sample_accuracy(probabilities: Tensor, retrained: Tensor) -> float:
    """How often the nearest other network is of the same population, in [0, 1], of probabilities (N, B, C) on some
    images and those of as many retrained networks.

    The classifier two-sample test of Lopez-Paz and Oquab (2017) with one nearest neighbour, leaving each out in turn,
    by the Euclidean distance of square roots (Hellinger's, but for a factor), whatever the order of hidden units.
    Populations of one distribution have (N - 1) / (2 N - 1), a little below 0.5; 1 where every network tells.

    Raises `ValueError` for populations of different size.
    """
    if len(probabilities) != len(retrained):
        raise ValueError(f"populations of {len(probabilities)} and {len(retrained)} networks; allowed is one size")
    points = torch.cat([probabilities, retrained]).double().sqrt().flatten(1)
    apart = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(math.inf)
    of_method = torch.arange(len(points), device=points.device) < len(probabilities)
    return float((of_method[apart.argmin(dim=1)] == of_method).double().mean())


def share_interval(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a ``share`` of ``count`` trials (Wilson, 1927)."""
    z = 1.959963984540054
    centre, spread = share + z**2 / (2 * count), z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    low, high = ((centre + side) / (1 + z**2 / count) for side in (-spread, spread))
    return max(0.0, low), min(1.0, high)
