"""Selection: which of a method's candidates is handed over."""

import torch
from torch import Tensor

from hyperforget.config import SelectionConfig
from hyperforget.unlearning.candidates import Candidates, class_accuracies


def choose(
    candidates: Candidates, sizes: Tensor, forget: Tensor, config: SelectionConfig, start: int | None = None
) -> int:
    """Index of the chosen network, by accuracy on the split that selects.

    ``lowest-forget`` (thesis, section 3.5): lowest accuracy on the forget set, then highest on the retain set.
    ``highest-retain``: highest on the retain set among those within ``tolerance`` on the forget set, else the lowest on
    it. Of networks that are level, the one with the widest gap between the mean losses of forgotten and retained
    classes is taken: its forgetting has the most room before it fails.

    ``sizes`` (C,) are the images per class, ``forget`` bool (C,) marks the forgotten classes; with ``start`` only the
    networks from that start are considered.
    """
    forgotten, retained = class_accuracies(candidates, sizes, forget)
    if config.rule == "highest-retain":
        forgotten = (forgotten - config.tolerance).clamp(min=0)
    if start is not None:
        forgotten = torch.where(candidates.start == start, forgotten, torch.inf)
    retained = torch.where(forgotten == forgotten.min(), retained, -torch.inf)
    gap = candidates.losses[:, forget].mean(dim=1) - candidates.losses[:, ~forget].mean(dim=1)
    gap = gap.nan_to_num(nan=-torch.inf)
    return int(torch.where(retained == retained.max(), gap, -torch.inf).argmax())


def choose_each(candidates: Candidates, sizes: Tensor, forget: Tensor, config: SelectionConfig) -> list[int]:
    """Index of the chosen network of each start, in the order of starts; see `choose`."""
    starts = candidates.start.unique().tolist()
    return [choose(candidates, sizes, forget, config, start) for start in starts]
