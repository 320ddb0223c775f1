"""Optimisers side by side: medians over networks after each number of updates, and what they come to in words."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hyperforget.errors import UserError
from hyperforget.report.results import check_values, read_csv
from hyperforget.report.spec import method_title

MEASURES = ("loss", "accuracy")
_QUARTILES = (0.25, 0.5, 0.75)
_COLUMNS = ("optimizer", "learning_rate", "update", *MEASURES)
_MODEL = "hypernetwork"
_TITLES = {"sgd": "SGD", "adam": "Adam"}


@dataclass(frozen=True)
class Curve:
    """One optimiser: ``quartiles`` has a row a number of updates, and columns ``(0.25 | 0.5 | 0.75, measure)`` over
    networks, loss in nats and accuracy as a share of images.
    """

    title: str
    quartiles: pd.DataFrame

    @property
    def last(self) -> int:
        """The largest number of updates."""
        return int(self.quartiles.index[-1])

    def median(self, measure: str, update: int) -> float:
        """The median over networks after a number of updates."""
        return float(self.quartiles[0.5, measure].loc[update])

    def updates_to(self, loss: float) -> int | None:
        """The first measured number of updates with a median loss of at most ``loss``, None where there is none."""
        reached = self.quartiles.index[self.quartiles[0.5, "loss"] <= loss]
        return int(reached[0]) if len(reached) else None


@dataclass(frozen=True)
class Comparison:
    """The curve of a hypernetwork, and those of its rivals from the same starts."""

    model: Curve
    rivals: tuple[Curve, ...]


def read_comparison(path: Path, model: str) -> Comparison:
    """Curves from ``optimizers.csv``; raises `UserError` naming the file where something is missing."""
    frame = read_csv(path, _COLUMNS)
    check_values(frame, path, "optimizer", [_MODEL, *_TITLES])
    own = frame[frame["optimizer"] == _MODEL]
    if not {0, 1} <= set(own["update"]):
        raise UserError(f"{path} lacks the updates 0 and 1 of the optimizer {_MODEL!r}")
    rivals = [
        Curve(f"{_TITLES[str(optimizer)]} (learning rate {rate:g})", _quartiles(rows))
        for (optimizer, rate), rows in frame.groupby(["optimizer", "learning_rate"], sort=False)
    ]
    return Comparison(Curve(method_title(model), _quartiles(own)), tuple(rivals))


def comparison_sentence(comparison: Comparison) -> str:
    """How far one update of the model gets, and all of them, and how many steps each rival needs for that."""
    model, last = comparison.model, comparison.model.last
    sentence = f"One update by {model.title} reaches {_reached(comparison, 1)}"
    if last > 1:
        sentence += f"; after {last} updates it is at {_reached(comparison, last)}"
    return sentence + "."


def _reached(comparison: Comparison, update: int) -> str:
    loss = comparison.model.median("loss", update)
    needed = [f"{rival.title} {_steps(rival, loss)}" for rival in comparison.rivals]
    return f"{loss:.3g} nats, which takes {', '.join(needed)}"


def _steps(rival: Curve, loss: float) -> str:
    steps = rival.updates_to(loss)
    if steps is None:
        return f"more than {rival.last:,} steps"
    return "1 step" if steps == 1 else f"{steps:,} steps"


def _quartiles(rows: pd.DataFrame) -> pd.DataFrame:
    networks = rows.groupby("update")[list(MEASURES)]
    return pd.concat({quartile: networks.quantile(quartile) for quartile in _QUARTILES}, axis=1)
