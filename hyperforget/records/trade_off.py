"""What networks keep and hide as the prompt varies: ``trade-off.csv`` of each method."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TradeOffRow:
    """The networks of one forget set and one quantile of `trade_off.forget`: medians of what ``metrics.csv`` calls
    accuracy on the sets ``forget`` and ``retain``, ``shift`` and ``auc``, on test images, over as many ``networks``.
    """

    forget: str
    quantile: float
    forget_accuracy: float
    retain_accuracy: float
    shift: float
    auc: float
    networks: int
