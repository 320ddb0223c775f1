"""What each figure shows and what good looks like."""

from pathlib import Path

from hyperforget.config.report_specs import ReportSpec
from hyperforget.report.optimizers import comparison_sentence, read_comparison
from hyperforget.report.spec import method_title, performance_title

_TRAINING = {
    "learning": (
        "Learning curves of {title} on {task}: mean squared error between generated and stored parameters, or "
        "coefficients of principal components, on training runs and on runs kept out of training. Good: both fall and "
        "level off, and the dashed line stays close to the solid one; a dashed line that rises again shows memorised "
        "runs."
    ),
    "alignment": (
        "Prompt alignment of {title} on {task}: R² (1 minus squared error over the variance of targets) and "
        "correlation of target and observed losses, a line for each class, solid for runs seen in training, dashed for "
        "unseen ones. Good: lines rise towards 1 and dashed ones follow. Pivot classes were collected with low losses "
        "only, so their R² may stay lower; correlation says whether the direction is right, R² also whether the size "
        "is. Triangles on the lower edge stand for R² below −1."
    ),
    "observed": (
        "Observed against target losses of {title} on {task}, final weights, one mark for each network and class (at "
        "most 250 for each class and panel, evenly along the targets). Good: marks on the dashed identity line over "
        "its whole length, on unseen runs as on seen ones. Dotted lines, the lower bound of what is worth having, are "
        "the median loss of each class in the corpus: marks along a dotted line instead of the identity line are "
        "answers that ignore the prompt."
    ),
    "alignment-discriminability": (
        "Prompt alignment of the discriminability of {title} on {task}: R² and correlation of the d′ that is asked "
        "for, of how well a network tells a class from the others whatever it answers, and that which a network "
        "has. Good: lines of free classes rise towards 1, so that a prompt decides whether a class is forgotten or "
        "merely hidden."
    ),
    "observed-discriminability": (
        "Observed against target discriminability (d′) of {title} on {task}, final weights, one mark for each "
        "network and class. Good: marks on the dashed identity line, on unseen runs as on seen ones; marks above "
        "it at low targets are classes that are still known."
    ),
    "alignment-separability": (
        "Prompt alignment of the separability of {title} on {task}: R² and correlation of how far apart a class and "
        "all others are asked to lie in hidden units, and how far they do. Good: lines of free classes rise towards "
        "1, so that a prompt decides what a new output layer could read of a class."
    ),
    "observed-separability": (
        "Observed against target separability of {title} on {task}, final weights, one mark for each network and "
        "class. Good: marks on the dashed identity line, on unseen runs as on seen ones."
    ),
    "distribution": (
        "The {told} in the training set of {title} on {task} (targets of training, bins of equal width on the axis) "
        "against what the evenly spaced prompts of the probe ask for{rebalanced}. Good: wherever prompts ask, training "
        "has a fair share; a hypernetwork learns little of values that its training hardly draws."
    ),
    "optimizers": (
        "{title} as an optimiser on {task}, and gradient descent on minibatches from the same unseen random "
        "initialisations: each network that {title} samples is its next start, and it is asked to be as good as the "
        "best checkpoints. Lines are medians over networks on test images, bands their middle half. Good: one update "
        "by {title} gets where the others are after hundreds, and further ones do not lose it again. "
    ),
}  # fmt: skip
# For models that are told one number, instead of those above.
_SCALAR = {
    "alignment": (
        "Prompt alignment of {title} on {task}: R² (1 minus squared error over the variance of targets) and "
        "correlation of target and observed {told}, over evenly spaced targets, solid for random starts of runs seen "
        "in training, dashed for those of unseen ones. Good: lines rise towards 1 and dashed ones follow; correlation "
        "says whether the direction is right, R² also whether the size is. Triangles on the lower edge stand for R² "
        "below −1."
    ),
    "observed": (
        "Observed against target {told} of {title} on {task}, final weights, one mark for each prompt and network (at "
        "most 250 for each panel, evenly along the targets). Good: marks on the dashed identity line over its whole "
        "length, on unseen runs as on seen ones. The dotted line is the best value of any checkpoint in the corpus, "
        "beyond which no hypernetwork is expected to reach."
    ),
}  # fmt: skip
_COMPARISON = {
    "alignment": (
        "Prompt alignment on {task} of all models that are told one number, from random starts of runs seen in "
        "training and of unseen ones: R² and correlation of target and observed values, which have no unit, so that "
        "models told a loss, an error or an accuracy can be compared. Good: lines rise towards 1, above all in the "
        "right column. Triangles on the lower edge stand for R² below −1."
    ),
    "observed": (
        "Observed against target values on {task} of all models that are told one number, final weights, one mark for "
        "each prompt and network. Good: marks on the dashed identity line over its whole length; two models told the "
        "same number show what their settings do, such as drawing its values evenly in training."
    ),
}  # fmt: skip
_TRADE_OFF = (
    "What is kept against what is hidden on {task}, test images. Lines join medians of networks whose prompts ask for "
    "ever higher losses of the forgotten classes, by quantiles of the corpus (larger marks: higher). The box is the "
    "central 95 % of retrained networks. Good: lines through the top of the box; to its right, classes are hidden."
)
_CANDIDATES = (
    "All networks that {title} offers on {task}, by their accuracy on {data}; the area of a mark grows with the number "
    "of networks on the same spot. Ringed is the chosen one: lowest accuracy on the forgotten classes, then highest on "
    "the retained ones. Good: many networks in the upper left corner, so that the choice hardly matters."
)
_CONFUSION = (
    "Predictions of {title} against those of the retrained network (seed 0) on {task}, test images of the retained "
    "classes and of all classes, counted; empty squares are zero, the shade is the share of a row. Good: counts on the "
    "diagonal only. On forgotten classes two retrained networks differ as well, so the second panel never is."
)


def training_caption(kind: str, spec: ReportSpec, task: str, model: str, folder: Path) -> str:
    """For a figure of `spec.training_figures`; what it comes to is told from the model's results in ``folder``."""
    performance = spec.performance(model)
    template = _SCALAR.get(kind, _TRAINING[kind]) if performance.is_scalar else _TRAINING[kind]
    caption = template.format(
        title=method_title(model),
        task=task,
        told=performance_title(performance),
        rebalanced=", and against what training draws from it once rebalanced" * (model in spec.rebalanced),
    )
    if kind == "optimizers":
        caption += comparison_sentence(read_comparison(folder / "optimizers.csv", model))
    return caption


def comparison_caption(kind: str, task: str) -> str:
    """For a figure of `spec.comparison_figures`."""
    return _COMPARISON[kind].format(task=task)


def trade_off_caption(task: str) -> str:
    return _TRADE_OFF.format(task=task)


def candidates_caption(spec: ReportSpec, task: str, method: str) -> str:
    data = "validation images" if spec.protocol == "validation" else "test images"
    return _CANDIDATES.format(title=method_title(method), task=task, data=data)


def confusion_caption(task: str, method: str) -> str:
    return _CONFUSION.format(title=method_title(method), task=task)
