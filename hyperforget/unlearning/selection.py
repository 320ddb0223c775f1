"""Selection: which of a method's candidates is handed over."""

from dataclasses import dataclass, replace

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
    each class that know all but these, ``level`` (C,), NaN where that is not known or no rule asks for it. Of groups
    networks count as having forgotten up to an accuracy, ``forgotten_up_to``, and as such are all alike.
    """

    forget: Tensor
    sizes: Tensor
    level: Tensor
    forgotten_up_to: float = 0.0

    @classmethod
    def of(cls, outcomes: CorpusOutcomes, forget: Tensor, config: SelectionConfig) -> "Wanted":
        """By what the checkpoints of a corpus do, on the split that selects."""
        if config.rule != "retrained-level":
            unknown = torch.full(forget.shape, torch.nan)
            return cls(forget, outcomes.sizes, unknown, forgotten_up_to(outcomes, forget))
        return cls(forget, outcomes.sizes, expected_discriminability(outcomes, forget))

    @classmethod
    def of_retrained(cls, retrained: Measured, sizes: Tensor, forget: Tensor) -> "Wanted":
        """By what retrained networks do themselves, whose level a corpus can only tell by inference."""
        return cls(forget, sizes, retrained.discriminability.nanmedian(dim=0).values)

    def of_groups(self) -> "Wanted":
        """The same for retrained networks and groups: all of them have forgotten these, whatever they answer."""
        return replace(self, forgotten_up_to=1.0)


def forgotten_up_to(outcomes: CorpusOutcomes, forget: Tensor) -> float:
    """The accuracy on a forget set up to which networks count as having forgotten its groups, by what checkpoints
    reach that never saw each of them; 0 of classes, of which nothing need be answered.
    """
    if not outcomes.bounds.of_groups:
        return 0.0
    sizes = outcomes.sizes[forget].double()
    return float((torch.tensor(outcomes.bounds.forgotten).double()[forget] * sizes).sum() / sizes.sum())


def choose(networks: Measured, wanted: Wanted, config: SelectionConfig, among: Tensor | None = None) -> int:
    """Index of the chosen network, by what it does on the split that selects.

    ``lowest-forget`` (thesis, section 3.5): lowest accuracy on the forget set, then highest on the retain set.
    ``highest-retain``: highest on the retain set among those within ``tolerance`` on the forget set, else the lowest on
    it. Of networks that are level, the one with the widest gap between the mean losses of forgotten and retained
    classes is taken: its forgetting has the most room before it fails. ``retrained-level``: among those within
    ``tolerance`` on the forget set and within ``margin`` of the highest on the retain set the one whose
    discriminability of forgotten classes, as log(1 + d′), is nearest to the level of networks that know all
    classes but them.

    Of groups all of this holds of the accuracy on the forget set above that of networks that never saw them.

    With ``among``, bool (N,), only these networks are considered.
    """
    forget = wanted.forget
    forgotten, retained = class_accuracies(networks, wanted.sizes, forget)
    if wanted.forgotten_up_to:
        forgotten = (forgotten - wanted.forgotten_up_to).clamp(min=0)
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
