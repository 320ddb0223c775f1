"""What a corpus holds, by class and by deleted set, and whether that is enough to learn from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from hyperforget.collection.admission import AdmissionCounts
from hyperforget.collection.bounds import Bounds, class_bounds, group_bounds
from hyperforget.collection.checkpoints import admitted_mask, knows_all_but, never_seen
from hyperforget.config.specs import Requirements
from hyperforget.errors import UserError
from hyperforget.forget_set import ForgetSet, Noun, format_classes, places_of
from hyperforget.records.corpora import ClassSummary, ForgetSummary

# Of the checkpoints that never saw a class, this share tells it no better than what counts as forgotten.
_LEVEL = 0.975


@dataclass(frozen=True)
class Forgetting:
    """What R runs of T checkpoints know: which are ``admitted`` (R, T), ``accuracies`` (R, T, C), the classes that a
    checkpoint has ``forgotten`` (R, T, C), by its accuracy and ``bounds``, or only ``hides`` (R, T, C), and the
    ``levels`` (C,) of discriminability above which it does; infinite where no run never saw the class, NaN of groups.
    """

    admitted: np.ndarray
    accuracies: np.ndarray
    forgotten: np.ndarray
    never_seen: np.ndarray
    hides: np.ndarray
    levels: np.ndarray
    bounds: Bounds


def forgetting_of(arrays: Mapping[str, np.ndarray], sizes: np.ndarray, noun: Noun = "class") -> Forgetting:
    """What the checkpoints of segments know, by their arrays ``correct`` and ``discriminability`` (R, T, C), ``saved``
    (R,) and `RATES`, with ``sizes`` (C,) images a class, or a group.
    """
    admitted = admitted_mask(torch.from_numpy(arrays["saved"]), arrays["correct"].shape[1]).numpy()
    accuracies = arrays["correct"] / sizes
    of_unseen = admitted[..., None] & never_seen(arrays)[:, None]
    bounds = group_bounds(accuracies, of_unseen) if noun == "group" else class_bounds(len(sizes))
    forgotten = admitted[..., None] & (accuracies <= np.array(bounds.forgotten))
    unseen = forgotten & of_unseen
    values = arrays["discriminability"]
    levels = np.array(
        [
            np.quantile(values[..., place][unseen[..., place]], _LEVEL) if unseen[..., place].any() else math.inf
            for place in range(sizes.shape[0])
        ]
    )
    return Forgetting(admitted, accuracies, forgotten, unseen, forgotten & (values > levels), levels, bounds)


def summarise_classes(
    found: Forgetting, losses: np.ndarray, labels: Sequence[int], pivots: list[int]
) -> list[ClassSummary]:
    """One row a class, by its label, with the ``losses`` (R, T, C) of all checkpoints; ``labels`` are those of the C
    classes, and ``pivots`` some of them.
    """
    admitted = losses[found.admitted]
    return [
        ClassSummary(
            label,
            "pivot" if label in pivots else "free",
            admitted.shape[0],
            int(found.forgotten[..., place].sum()),
            int(found.never_seen[..., place].sum()),
            int(found.hides[..., place].sum()),
            float(found.levels[place]) if math.isfinite(found.levels[place]) else None,
            float(admitted[:, place].min()),
            float(np.median(admitted[:, place])),
            float(admitted[:, place].max()),
        )
        for place, label in enumerate(labels)
    ]


def summarise_forget_sets(
    found: Forgetting,
    arrays: Mapping[str, np.ndarray],
    labels: Sequence[int],
    forget: list[ForgetSet],
    holdout: list[ForgetSet],
) -> list[ForgetSummary]:
    """A row for each forget set of the tables, each held-out set, and all others that runs deleted, by size.

    ``arrays`` are those of segments: ``switch`` (R,), ``step`` (R, T), ``rate_after`` (R, C); the C classes have these
    ``labels``.
    """
    after = found.admitted & (arrays["step"] > arrays["switch"][:, None])
    known = torch.from_numpy(found.accuracies >= np.array(found.bounds.known))
    deleted = [
        format_classes(labels[place] for place in np.flatnonzero(rates == 0).tolist()) for rates in arrays["rate_after"]
    ]
    sets = {str(s): s for s in (*forget, *holdout)}
    for text in sorted(set(deleted) - {""}, key=lambda text: (text.count("-"), text)):
        sets.setdefault(text, ForgetSet(tuple(map(int, text.split("-")))))
    rows = []
    for text, forget_set in sets.items():
        places = list(places_of(forget_set.classes, labels))
        runs = np.array([value == text for value in deleted])
        chosen = after & runs[:, None]
        forgotten = chosen & found.forgotten[..., places].all(-1)
        in_state = found.admitted & knows_all_but(known, [tuple(places)]).numpy()
        rows.append(
            ForgetSummary(
                text,
                forget_set in holdout,
                int(chosen.sum()),
                int(forgotten.sum()),
                int((forgotten & found.hides[..., places].any(-1)).sum()),
                int(in_state.sum()),
            )
        )
    return rows


def check_runs(runs: int, needed: Requirements, counts: AdmissionCounts) -> None:
    """Raise `UserError` where fewer runs than ``minimum_runs`` have an admitted checkpoint; ``key`` is where the
    configuration has the collection.
    """
    if runs < needed.minimum_runs:
        diverged = f"{counts.diverged} of {counts.reviewed} reviewed checkpoints diverged, " if counts.diverged else ""
        raise UserError(
            f"{needed.key}: only {runs} of {needed.runs} runs have an admitted checkpoint, fewer than "
            f"minimum_runs = {needed.minimum_runs}; {diverged}{counts.pivots_rejected} of {counts.reviewed} "
            f"reviewed checkpoints failed pivot_accuracy = {needed.pivot_accuracy}: lower it, or raise "
            "runs or steps"
        )


def check_forgetting(classes: list[ClassSummary], needed: Requirements, noun: Noun = "class") -> None:
    """Raise `UserError` where fewer checkpoints than ``minimum_forgotten`` have forgotten a free class, or group, or
    all of them only hide it; ``key`` is where the configuration has the collection.
    """
    for row in classes:
        if row.role == "free" and row.forgotten < needed.minimum_forgotten:
            raise UserError(
                f"{needed.key}: only {row.forgotten} of {row.checkpoints} admitted checkpoints have "
                f"forgotten {noun} {row.class_}, fewer than minimum_forgotten = "
                f"{needed.minimum_forgotten}, and a generator cannot learn what the corpus does not show: "
                "raise runs, steps or the task's recipe.weight_decay"
            )
        if row.role == "free" and needed.never_seen and row.never_seen < needed.minimum_forgotten:
            raise UserError(
                f"{needed.key}: only {row.never_seen} of {row.forgotten} admitted checkpoints that do not answer "
                f"{noun} {row.class_} are of runs that never saw it, fewer than minimum_forgotten = "
                f"{needed.minimum_forgotten}; the others may hide it, and a generator cannot learn from them to "
                f"forget it: raise runs or never_seen, which is {needed.never_seen:g}"
            )
