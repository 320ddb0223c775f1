"""What each figure shows and what good looks like."""

from hyperforget.report.names import ReportSpec, method_title

_TRAINING = {
    "learning": (
        "Learning curves of {title} on {task}: mean squared error between generated and stored parameters, "
        "on training runs and on runs kept out of training. Good: both fall and level off, and the dashed "
        "line stays close to the solid one; a dashed line that rises again shows memorised runs."
    ),
    "alignment": (
        "Prompt alignment of {title} on {task}: R² (1 minus squared error over the variance of targets) "
        "and correlation of target and observed losses, a line for each class, solid for runs seen in "
        "training, dashed for unseen ones. Good: lines rise towards 1 and dashed ones follow. Pivot "
        "classes were collected with low losses only, so their R² may stay lower; correlation says whether "
        "the direction is right, R² also whether the size is. Triangles on the lower edge stand for R² "
        "below −1."
    ),
    "observed": (
        "Observed against target losses of {title} on {task}, final weights, one mark for each network and "
        "class (at most 250 for each class and panel, evenly along the targets). Good: marks on the dashed "
        "identity line over its whole length, on unseen runs as on seen ones. Dotted lines, the lower "
        "bound of what is worth having, are the median loss of each class in the corpus: marks along a "
        "dotted line instead of the identity line are answers that ignore the prompt."
    ),
}  # fmt: skip
_CANDIDATES = (
    "All networks that {title} offers on {task}, by their accuracy on {data}; the area of a mark grows "
    "with the number of networks on the same spot. Ringed is the chosen one: lowest accuracy on the "
    "forgotten classes, then highest on the retained ones. Good: many networks in the upper left corner, "
    "so that the choice hardly matters."
)
_CONFUSION = (
    "Predictions of {title} against those of the retrained network (seed 0) on {task}, test images of the "
    "retained classes and of all classes, counted; empty squares are zero, the shade is the share of a "
    "row. Good: counts on the diagonal only. On forgotten classes two retrained networks differ as well, "
    "so the second panel never is."
)


def training_caption(kind: str, task: str, model: str) -> str:
    """For the ``learning``, ``alignment`` or ``observed`` figure of a model."""
    return _TRAINING[kind].format(title=method_title(model), task=task)


def candidates_caption(spec: ReportSpec, task: str, method: str) -> str:
    data = "validation images" if spec.protocol == "validation" else "test images"
    return _CANDIDATES.format(title=method_title(method), task=task, data=data)


def confusion_caption(task: str, method: str) -> str:
    return _CONFUSION.format(title=method_title(method), task=task)
