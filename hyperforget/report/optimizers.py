"""Optimisers side by side: medians over networks by number of updates, and what they come to in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hyperforget.errors import UserError
from hyperforget.records.files import read_rows
from hyperforget.records.hypernets import Optimizer, OptimizerRow
from hyperforget.report.results import quantile, rows_by
from hyperforget.report.spec import method_title

MEASURES = ("loss", "accuracy")
_QUARTILES = (0.25, 0.5, 0.75)
_MODEL: Optimizer = "hypernetwork"
_TITLES: Mapping[Optimizer, str] = {"sgd": "SGD", "adam": "Adam"}


@dataclass(frozen=True)
class Curve:
    """One optimiser: of each measure, loss in nats and accuracy as a share of images, the quartiles over networks by
    number of updates, fewest first.
    """

    title: str
    quartiles: Mapping[str, Mapping[int, tuple[float, ...]]]

    @property
    def last(self) -> int:
        """The largest number of updates."""
        return max(self.quartiles["loss"])

    def median(self, measure: str, update: int) -> float:
        """The median over networks after a number of updates."""
        return self.quartiles[measure][update][1]

    def updates_to(self, loss: float) -> int | None:
        """The fewest measured updates with a median loss of at most ``loss``, None where there are none."""
        return next((update for update, (_, median, _) in self.quartiles["loss"].items() if median <= loss), None)


@dataclass(frozen=True)
class Comparison:
    """The curve of a hypernetwork, and those of its rivals from the same starts."""

    model: Curve
    rivals: tuple[Curve, ...]


def read_comparison(path: Path, model: str) -> Comparison:
    """Curves from ``optimizers.csv``; raises `UserError` naming the file where something is missing."""
    rows = read_rows(path, OptimizerRow)
    own = [row for row in rows if row.optimizer == _MODEL]
    if not {0, 1} <= {row.update for row in own}:
        raise UserError(f"{path} lacks the updates 0 and 1 of the optimizer {_MODEL!r}")
    rivals = [
        Curve(f"{_TITLES[optimizer]} (learning rate {rate:g})", _quartiles(of_rival))
        for (optimizer, rate), of_rival in rows_by(rows, lambda row: (row.optimizer, row.learning_rate)).items()
        if optimizer != _MODEL
    ]
    return Comparison(Curve(method_title(model), _quartiles(own)), tuple(rivals))


def comparison_sentence(comparison: Comparison) -> str:
    """How far one update of the model gets, and all of them, and how many steps each rival needs for that."""
    last = comparison.model.last
    more = f"; after {last} updates it is at {_reached(comparison, last)}" if last > 1 else ""
    return f"{first_update(comparison)}{more}."


def first_update(comparison: Comparison) -> str:
    """How far one update of the model gets, and how many steps each rival needs for that."""
    return f"One update by {comparison.model.title} reaches {_reached(comparison, 1)}"


def _reached(comparison: Comparison, update: int) -> str:
    loss = comparison.model.median("loss", update)
    needed = [f"{rival.title} {_steps(rival, loss)}" for rival in comparison.rivals]
    return f"{loss:.3g} nats, which takes {', '.join(needed)}"


def _steps(rival: Curve, loss: float) -> str:
    steps = rival.updates_to(loss)
    if steps is None:
        return f"more than {rival.last:,} steps"
    return "1 step" if steps == 1 else f"{steps:,} steps"


def _quartiles(rows: Sequence[OptimizerRow]) -> dict[str, dict[int, tuple[float, ...]]]:
    by_update = sorted(rows_by(rows, lambda row: row.update).items())
    return {
        measure: {
            update: tuple(quantile((getattr(row, measure) for row in same), share) for share in _QUARTILES)
            for update, same in by_update
        }
        for measure in MEASURES
    }
