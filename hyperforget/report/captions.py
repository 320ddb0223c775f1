"""What each figure shows and what good looks like."""

from pathlib import Path

from hyperforget.config.methods import Method
from hyperforget.config.report_specs import ReportSpec
from hyperforget.report.optimizers import first_update, read_comparison
from hyperforget.report.spec import method_title, performance_title

_TRAINING = {
    "learning": (
        "Learning curves of {title} on {task}: mean squared error between generated and stored parameters, or "
        "coefficients, on training runs and on runs kept out of training. Good: both fall and level off, dashed close "
        "to solid; a dashed line that rises again shows memorised runs."
    ),
    "alignment": (
        "Prompt alignment of {title} on {task}: R² and correlation of target and observed losses, a line a class, "
        "dashed for unseen runs. Good: lines rise towards 1 and dashed ones follow; R² of pivots, collected with low "
        "losses only, may stay lower. Triangles on the lower edge are R² below −1."
    ),
    "observed": (
        "Observed against target losses of {title} on {task}, final weights, at most 250 marks a class and panel. "
        "Good: marks on the dashed identity line, on unseen runs as on seen ones. Dotted are the median losses of the "
        "corpus: marks along these ignore the prompt."
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
        "The {told} in the training set of {title} on {task}, in bins of equal width on the axis, against what the "
        "prompts of the probe ask for{rebalanced}. Good: wherever prompts ask, training has a fair share."
    ),
    "optimizers": (
        "{title} as an optimiser on {task}: medians and middle half on test images. Good: one update does what takes "
        "others hundreds. "
    ),
}
# For models that are told one number, instead of those above.
_SCALAR = {
    "alignment": (
        "Prompt alignment of {title} on {task}: R² and correlation of target and observed {told}, dashed for random "
        "starts of unseen runs. Good: lines rise towards 1 and dashed ones follow; correlation says whether the "
        "direction is right, R² also whether the size is. Triangles on the lower edge are R² below −1."
    ),
    "observed": (
        "Observed against target {told} of {title} on {task}, final weights, at most 250 marks a panel. Good: marks on "
        "the dashed identity line over its whole length, on unseen runs as on seen ones. Dotted is the best value of "
        "any checkpoint in the corpus, which no hypernetwork is expected to pass."
    ),
}
_COMPARISON = {
    "alignment": (
        "Prompt alignment on {task} of all models that are told one number, from starts of seen and of unseen runs: "
        "R² and correlation have no unit, so that losses, errors and accuracies compare. Good: lines rise towards 1, "
        "above all in the right column. Triangles on the lower edge are R² below −1."
    ),
    "observed": (
        "Observed against target values on {task} of all models that are told one number, final weights, one mark for "
        "each prompt and network. Good: marks on the dashed identity line over its whole length."
    ),
}
_TRADE_OFF = (
    "What is kept against what is hidden on {task}, test images. Lines join medians of networks whose prompts ask for "
    "ever higher losses of the forgotten classes (larger marks: higher). The box is the central 95 % of retrained "
    "networks. Good: lines through the top of the box; to its right, classes are hidden."
)
_AUDIT = (
    "Every method on {task} in three ways at once, mean over forget sets with 95 % intervals: what it still knows and "
    "what it keeps beside retrained networks (dashed, also their time), and what a request takes. Bold and filled: no "
    "other method is as good in all three and better in one. Good: on both dashed lines, far left."
)
_CANDIDATES = (
    "All networks that {title} offers on {task}, by their accuracy on {data}; larger marks are several networks. "
    "Ringed is the chosen one{among}. Good: many networks in the upper left corner, so that the choice hardly matters."
)
_OF_EDITS = ", taken among the edits of the first trained network; those of others, in grey, can lie above it"
_CONFUSION = (
    "Predictions of {title} against those of the retrained network (seed 0) on {task}, counts of test images of the "
    "retained and of all classes; the shade is the share of a row. Good: counts on the diagonal only. On forgotten "
    "classes two retrained networks differ as well, so the second panel never is."
)
_TITLES = {
    "learning": "Learning curves",
    "alignment": "Prompt alignment",
    "observed": "Observed against target",
    "distribution": "What training asks for",
    "optimizers": "As an optimiser",
}


def figure_title(kind: str) -> str:
    """What a figure of `spec.training_figures` or `spec.comparison_figures` shows, in a few words."""
    first, _, told = kind.partition("-")
    return _TITLES[first] + (f" ({told})" if told else "")


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
        caption += f"{first_update(read_comparison(folder / 'optimizers.csv', model))}."
    return caption


def comparison_caption(kind: str, task: str) -> str:
    """For a figure of `spec.comparison_figures`."""
    return _COMPARISON[kind].format(task=task)


def trade_off_caption(task: str) -> str:
    return _TRADE_OFF.format(task=task)


def audit_caption(task: str) -> str:
    return _AUDIT.format(task=task)


def candidates_caption(spec: ReportSpec, task: str, method: str) -> str:
    data = "validation images" if spec.protocol == "validation" else "test images"
    among = _OF_EDITS if Method.parse(method).edits else ""
    return _CANDIDATES.format(title=method_title(method), task=task, data=data, among=among)


def confusion_caption(task: str, method: str) -> str:
    return _CONFUSION.format(title=method_title(method), task=task)
