"""The corpus for whoever trains a generator of their own: checkpoints and what they do, as torch reads data sets."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor
from torch.utils.data import Dataset

from hyperforget.collection.checkpoints import Corpus, load_corpus, read_segments
from hyperforget.collection.stored import StoredCorpus, find_corpus
from hyperforget.config.corpora import MAIN_CORPUS
from hyperforget.config.performance import Metric, Performance
from hyperforget.errors import UserError, nearest_choice, os_error_text, shown
from hyperforget.networks.layout import Layout


@dataclass(frozen=True, eq=False)
class CheckpointDataset(Dataset[tuple[Tensor, Tensor]]):
    """N checkpoints: item i is its flat parameters, float32 (P,), and its ``performance``, float32 (K,).

    Parameters stay on disk and are read where they are taken. ``run`` int64 (N,) says which training run a checkpoint
    is of, ``step`` int64 (N,) after how many steps of it, and ``start`` bool (N,) which are random initialisations.
    ``columns`` names the K numbers, a metric and the label of a class, or of a group, each. ``layout`` says which
    parameter is which, so ``layout.state_dict(parameters)`` loads into a ``torch.nn.Sequential``; output i stands for
    the class ``labels[i]``. Networks read images as ``(pixels - mean) / std``.
    """

    corpus: Corpus
    entries: Tensor
    performance: Tensor
    run: Tensor
    step: Tensor
    start: Tensor
    columns: tuple[tuple[Metric, int], ...]
    source: StoredCorpus

    @property
    def layout(self) -> Layout:
        return self.source.layout

    @property
    def labels(self) -> tuple[int, ...]:
        return self.source.answered

    @property
    def mean(self) -> float:
        return float(self.source.data["mean"])

    @property
    def std(self) -> float:
        return float(self.source.data["std"])

    def __len__(self) -> int:
        return self.entries.numel()

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"checkpoint {index} of {len(self)}")
        [item] = self.__getitems__([index])
        return item

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
        """Several items, read together, as a data loader asks for them."""
        rows = torch.as_tensor(indices)
        return list(zip(self.parameters(rows), self.performance[rows], strict=True))

    def parameters(self, rows: Tensor) -> Tensor:
        """Parameters (B, P) of the checkpoints ``rows`` (B,)."""
        return self.corpus.parameters(self.entries[rows])

    def rows(self, rows: Tensor) -> "CheckpointDataset":
        """Some of the checkpoints, by their places or a mask; nothing is copied but what is small."""
        kept = {name: getattr(self, name)[rows] for name in ("entries", "performance", "run", "step", "start")}
        return replace(self, **kept)

    def split(self, *shares: float, seed: int = 0) -> list["CheckpointDataset"]:
        """The data set in parts with these shares of its runs, such as 0.8 and 0.2, drawn from ``seed``; no run is in
        two of them.

        Raises `UserError` for shares that are not positive or do not sum to 1, and for a part without a run.
        """
        if not shares or min(shares) <= 0 or not math.isclose(sum(shares), 1, abs_tol=1e-6):
            raise UserError(f"shares are {shares}; allowed are positive numbers that sum to 1, such as 0.8, 0.2")
        runs = self.run.unique()
        order = runs[torch.randperm(len(runs), generator=torch.Generator().manual_seed(seed))]
        ends = [round(sum(shares[: part + 1]) * len(runs)) for part in range(len(shares))]
        parts = [order[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        if not all(map(len, parts)):
            raise UserError(
                f"shares are {shares}, of which one has none of the {len(runs)} runs; allowed are larger ones"
            )
        return [self.rows(torch.isin(self.run, part)) for part in parts]


def corpus(
    task: str | Path,
    told: Metric | Sequence[Metric] = "loss",
    *,
    starts: bool = False,
    name: str = MAIN_CORPUS,
    store: str | Path | None = None,
) -> CheckpointDataset:
    """The checkpoints that a run collected for a task, by the folder of its results, such as ``results/digits``.

    ``told`` are one or several metrics of every class, one after the other: loss in nats, accuracy, error,
    discriminability and separability, on the images that the collection measured on. With ``starts``, the random
    initialisations of runs are among the checkpoints. ``name`` is that of a further corpus of the configuration, and
    ``store`` the folder of a store that does not lie beside the task.

    Raises `UserError` for a corpus that is not there or is damaged, and for a metric that is none.
    """
    metrics = _checked((told,) if isinstance(told, str) else told)
    found = find_corpus(Path(task), name, None if store is None else Path(store))
    try:
        loaded = load_corpus(found.store, found.token, Performance(metrics[0], also=metrics[1:]), found.class_sizes)
    except OSError as error:
        raise UserError(
            f"the corpus of {shown(str(task))} cannot be laid out in its store ({os_error_text(error)}); make room or "
            "give the right to write there"
        ) from None
    # An entry is a run, a row of these, and the place of a checkpoint in it.
    steps = torch.from_numpy(read_segments(found.store, found.segments, ["step"])["step"])
    wanted = loaded.admitted()
    wanted[:, 0] = starts & (loaded.saved >= 1)
    run, place = torch.nonzero(wanted, as_tuple=True)
    return CheckpointDataset(
        loaded,
        entries=run * loaded.slots + place,
        performance=loaded.performance[run, place],
        run=run,
        step=steps[run, place].long(),
        start=place == 0,
        columns=tuple((metric, label) for metric in metrics for label in found.labels),
        source=found,
    )


def _checked(told: Sequence[Metric]) -> tuple[Metric, ...]:
    allowed = get_args(Metric)
    if not told:
        raise UserError(f"told is empty; allowed are some of {', '.join(allowed)}")
    for metric in told:
        if metric not in allowed:
            raise UserError(
                f"told has {shown(metric)}; allowed are {', '.join(allowed)}{nearest_choice(metric, allowed)}"
            )
    return tuple(told)
