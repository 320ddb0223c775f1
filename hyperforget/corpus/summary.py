"""What a corpus holds, by class and by deleted set, and whether that is enough to learn from."""

import numpy as np
import torch

from hyperforget.config.specs import Requirements
from hyperforget.corpus.admission import AdmissionCounts
from hyperforget.corpus.checkpoints import admitted_mask
from hyperforget.errors import UserError
from hyperforget.forget_set import FORGOTTEN_ACCURACY, ForgetSet, format_classes
from hyperforget.records.corpora import ClassSummary, ForgetSummary


def summarise_classes(losses: np.ndarray, accuracies: np.ndarray, pivots: list[int]) -> list[ClassSummary]:
    """One row a class from the losses and accuracies (M, C) of the admitted checkpoints."""
    return [
        ClassSummary(
            label,
            "pivot" if label in pivots else "free",
            losses.shape[0],
            int((accuracies[:, label] <= FORGOTTEN_ACCURACY).sum()),
            float(losses[:, label].min()),
            float(np.median(losses[:, label])),
            float(losses[:, label].max()),
        )
        for label in range(losses.shape[1])
    ]


def summarise_forget_sets(
    arrays: dict[str, np.ndarray], sizes: np.ndarray, forget: list[ForgetSet], holdout: list[ForgetSet]
) -> list[ForgetSummary]:
    """A row for each forget set of the tables, each held-out set, and all others that runs deleted, by size.

    ``arrays`` are those of segments: ``correct`` (R, T, C), ``saved`` (R,), ``switch`` (R,), ``step`` (R, T),
    ``rate_after`` (R, C).
    """
    mask = admitted_mask(torch.from_numpy(arrays["saved"]), arrays["correct"].shape[1]).numpy()
    after = mask & (arrays["step"] > arrays["switch"][:, None])
    forgotten = arrays["correct"] / sizes <= FORGOTTEN_ACCURACY
    deleted = [format_classes(np.flatnonzero(rates == 0).tolist()) for rates in arrays["rate_after"]]
    sets = {str(s): s for s in (*forget, *holdout)}
    for text in sorted(set(deleted) - {""}, key=lambda text: (text.count("-"), text)):
        sets.setdefault(text, ForgetSet(tuple(map(int, text.split("-")))))
    rows = []
    for text, forget_set in sets.items():
        runs = np.array([value == text for value in deleted])
        chosen = after & runs[:, None]
        rows.append(
            ForgetSummary(
                text,
                forget_set in holdout,
                int(chosen.sum()),
                int((chosen & forgotten[..., list(forget_set.classes)].all(-1)).sum()),
            )
        )
    return rows


def check_runs(runs: int, needed: Requirements, counts: AdmissionCounts) -> None:
    """Raise `UserError` where fewer runs than ``minimum_runs`` have an admitted checkpoint; ``key`` is where the
    configuration has the collection.
    """
    if runs < needed.minimum_runs:
        raise UserError(
            f"{needed.key}: only {runs} of {needed.runs} runs have an admitted checkpoint, fewer than "
            f"minimum_runs = {needed.minimum_runs}; {counts.pivots_rejected} of {counts.reviewed} "
            f"reviewed checkpoints failed pivot_accuracy = {needed.pivot_accuracy}: lower it, or raise "
            "runs or steps"
        )


def check_forgetting(classes: list[ClassSummary], needed: Requirements) -> None:
    """Raise `UserError` where fewer checkpoints than ``minimum_forgotten`` have forgotten a free class; ``key`` is
    where the configuration has the collection.
    """
    for row in classes:
        if row.role == "free" and row.forgotten < needed.minimum_forgotten:
            raise UserError(
                f"{needed.key}: only {row.forgotten} of {row.checkpoints} admitted checkpoints have "
                f"forgotten class {row.class_}, fewer than minimum_forgotten = "
                f"{needed.minimum_forgotten}, and a generator cannot learn what the corpus does not show: "
                "raise runs, steps or the task's recipe.weight_decay"
            )
