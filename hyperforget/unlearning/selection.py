"""Selection: which of a method's candidates is handed over."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hyperforget.collection.checkpoints import CorpusOutcomes
from hyperforget.config import SelectionConfig
from hyperforget.hypernet.conditioning import compress
from hyperforget.unlearning.candidates import Candidates, Measured, class_accuracies
from hyperforget.unlearning.levels import expected_discriminability


@dataclass(frozen=True)
class Wanted:
    """What is chosen by: the forgotten classes bool (C,), images per class ``sizes`` (C,), and how well networks tell
    each class that know all but these, ``level`` (C,), NaN where that is not known or no rule asks for it.
    """

    forget: Tensor
    sizes: Tensor
    level: Tensor

    @classmethod
    def of(cls, outcomes: CorpusOutcomes, forget: Tensor, config: SelectionConfig) -> "Wanted":
        """By what the checkpoints of a corpus do, on the split that selects."""
        if config.rule != "retrained-level":
            return cls(forget, outcomes.sizes, torch.full(forget.shape, torch.nan))
        return cls(forget, outcomes.sizes, expected_discriminability(outcomes, forget))

    @classmethod
    def of_retrained(cls, retrained: Measured, sizes: Tensor, forget: Tensor) -> "Wanted":
        """By what retrained networks do themselves, whose level a corpus can only tell by inference."""
        return cls(forget, sizes, retrained.discriminability.nanmedian(dim=0).values)


def choose(networks: Measured, wanted: Wanted, config: SelectionConfig, among: Tensor | None = None) -> int:
    """Index of the chosen network, by what it does on the split that selects.

    ``lowest-forget`` (thesis, section 3.5): lowest accuracy on the forget set, then highest on the retain set.
    ``highest-retain``: highest on the retain set among those within ``tolerance`` on the forget set, else the lowest on
    it. Of networks that are level, the one with the widest gap between the mean losses of forgotten and retained
    classes is taken: its forgetting has the most room before it fails. ``retrained-level``: among those within
    ``tolerance`` on the forget set and within ``margin`` of the highest on the retain set the one whose
    discriminability of forgotten classes, as log(1 + d′), is nearest to the level of networks that know all
    classes but them.

    With ``among``, bool (N,), only these networks are considered.
    """
    forget = wanted.forget
    forgotten, retained = class_accuracies(networks, wanted.sizes, forget)
    if config.rule != "lowest-forget":
        forgotten = (forgotten - config.tolerance).clamp(min=0)
    if among is not None:
        forgotten = torch.where(among, forgotten, torch.inf)
    retained = torch.where(forgotten == forgotten.min(), retained, -torch.inf)
    if config.rule == "retrained-level":
        away = (compress(networks.discriminability) - compress(wanted.level))[:, forget].abs().nansum(dim=1)
        # Accuracies are shares of images: of two that are equal, neither must fail by the last binary digit.
        return int(torch.where(retained >= retained.max() - config.margin - 1e-9, away, torch.inf).argmin())
    gap = networks.losses[:, forget].mean(dim=1) - networks.losses[:, ~forget].mean(dim=1)
    gap = gap.nan_to_num(nan=-torch.inf)
    return int(torch.where(retained == retained.max(), gap, -torch.inf).argmax())


def choose_each(candidates: Candidates, wanted: Wanted, config: SelectionConfig) -> list[int]:
    """Index of the chosen network of each start, in the order of starts; see `choose`."""
    return [choose(candidates, wanted, config, candidates.start == start) for start in candidates.start.unique()]
