"""What a report contains, told from its spec alone: names of tables and figures, methods, forget sets.

Light on purpose (no torch, no pandas): the workflow declares its outputs with it.
"""

from hyperforget.config.corpora import MAIN_CORPUS, corpus_name
from hyperforget.config.methods import EDITING_RIVALS, NEAREST, ORIGINAL, RETRAINED, RIVALS, Method
from hyperforget.config.performance import Performance
from hyperforget.config.report_specs import CorpusSpec, FiguresSpec, ReportSpec, TablesSpec, TableTask, TaskSpec

TABLE_SUFFIXES = (".csv", ".tex", "-float.tex", ".html")
FIGURE_SUFFIX = ".svg"
TABLE_FOLDER = "tables"
FIGURE_FOLDER = "figures"

THESIS_METHODS = ("dihyfo-1", "dihyfo-2", RETRAINED)

_METHOD_TITLES = {
    "dihyfo-1": "DiHyFo-1",
    "dihyfo-2": "DiHyFo-2",
    "gpt": "G.pt",
    RETRAINED: "Retrained",
    ORIGINAL: "Original",
    NEAREST: "Nearest checkpoint",
    "bias": "Lowered biases",
    "mask": "Masked outputs",
    "finetune": "Finetuned",
    "class-means": "Class-mean head",
    "damp": "DAMP",
    "gradient-ascent": "Gradient ascent",
    "neggrad": "NegGrad+",
    "random-labels": "Random labels",
    "bad-teacher": "Bad teacher",
    "ssd": "SSD",
    "salun": "SalUn",
    "scrub": "SCRUB",
    "boundary-shrink": "Boundary shrink",
    "fisher": "Fisher forgetting",
    "cf-k": "CF-k",
    "eu-k": "EU-k",
    "noise": "Noise",
    "unsir": "UNSIR",
    "trew": "TREW",
    "lfssd": "LFSSD",
    "nearest-finetuned": "Nearest checkpoint, finetuned",
    "bias-finetuned": "Lowered biases, finetuned",
    "class-means-finetuned": "Class-mean head, finetuned",
    "damp-finetuned": "DAMP, finetuned",
}

# Figures that there is one of for each metric that a model is told.
_OF_EACH_METRIC = ("alignment", "observed")


def table_names(spec: TablesSpec | ReportSpec) -> list[str]:
    """Names of all tables, without suffix; each is written once per suffix of `TABLE_SUFFIXES`."""
    own = ["own-metrics"] * bool(spec.metrics)
    return [
        name
        for task in spec.tasks
        for name in (
            *_task_table_names(task),
            *(f"{task.name}-{kind}" for kind in own),
            *audit_table_names(spec, task),
        )
    ]


def audit_table_names(spec: TablesSpec | ReportSpec, task: TableTask | TaskSpec) -> list[str]:
    """Those of the tables of an audit of a task: the overview, rivals, which criteria to trust, what changes with the
    seed, one a forget set, and one a method that is held against rivals.
    """
    if not spec.audit:
        return []
    compared = compared_methods(spec)
    kinds = [
        "",
        *["-rivals"] * bool(compared),
        "-judged",
        *["-seeds"] * bool(task.repetitions),
        *(f"-forget-{forget}" for forget in task.forget_sets),
        *(f"-{method}" for method in compared),
    ]
    return [f"{task.name}-audit{kind}" for kind in kinds]


def compared_methods(spec: TablesSpec | ReportSpec) -> list[str]:
    """Methods that an audit holds against the built-in rivals: those of hypernetworks, and the user's own; none where
    there are no rivals.
    """
    others = [method for method in spec.methods if method not in (RETRAINED, *RIVALS)]
    return others if any(method in RIVALS for method in spec.methods) else []


def figure_names(spec: FiguresSpec, task: str) -> list[str]:
    """Names of all figures of a task, without `FIGURE_SUFFIX`, in the order of the report."""
    groups = spec.task(task).groups
    training = [f"{task}-{model}-{kind}" for model in spec.models for kind in training_figures(spec, model)]
    candidates = [f"{task}-{method}-candidates" for method in candidate_methods(spec)]
    confusion = [f"{task}-{method}-confusion" for method in confusion_methods(spec)]
    comparisons = [f"{task}-{kind}-comparison" for kind in comparison_figures(spec)]
    # What is hidden shows as biases are shifted, which groups do not have.
    trade_off = [f"{task}-trade-off"] if spec.generators and not groups else []
    audit = [f"{task}-audit"] * bool(spec.audit)
    return training + comparisons + trade_off + audit + candidates + confusion


def table_files(spec: TablesSpec | ReportSpec) -> list[str]:
    """File names of all tables in all formats."""
    return [name + suffix for name in table_names(spec) for suffix in TABLE_SUFFIXES]


def figure_files(spec: FiguresSpec, task: str) -> list[str]:
    """File names of all figures of a task."""
    return [name + FIGURE_SUFFIX for name in figure_names(spec, task)]


def training_figures(spec: FiguresSpec, model: str) -> list[str]:
    """Kinds of figures about a model itself, before any forget set."""
    kinds = ["learning", *(f"{kind}{suffix}" for suffix in told_suffixes(spec, model) for kind in _OF_EACH_METRIC)]
    if spec.performance(model).is_scalar or model in spec.rebalanced:
        kinds.append("distribution")
    return [*kinds, "optimizers"] if model in spec.learned_optimizers else kinds


def told_suffixes(spec: FiguresSpec, model: str) -> dict[str, Performance]:
    """What a model is told, by the end of the names of figures about it: the first metric has none."""
    first, *others = spec.performance(model).parts
    return {"": first} | {f"-{part.metric}": part for part in others}


def comparison_figures(spec: FiguresSpec) -> list[str]:
    """Kinds of figures that show all models that are told one number side by side; none where there is but one."""
    return ["alignment", "observed"] if len(spec.scalar_models) > 1 else []


def candidate_methods(spec: FiguresSpec) -> list[str]:
    """Methods that offer many networks to choose from, a cloud to draw."""
    return list(spec.choosing)


def confusion_methods(spec: FiguresSpec) -> list[str]:
    """Methods whose predictions are compared with the retrained network's."""
    return [method for method in spec.methods if method != RETRAINED]


def method_title(method: str) -> str:
    """How tables, figures and text call a method."""
    parsed = Method.parse(method)
    title = _METHOD_TITLES.get(parsed.base, parsed.base)
    return f"{title} (editing)" if parsed.edits and parsed.base not in EDITING_RIVALS else title


def corpus_title(task: TaskSpec, corpus: CorpusSpec) -> str:
    """How captions call a corpus: by its task alone, unless that has several."""
    if len(task.corpora) == 1:
        return task.name
    own = corpus.name.removeprefix(corpus_name(""))
    return f"{task.name} (main corpus)" if corpus.name == MAIN_CORPUS else f"{task.name} (corpus {own})"


def corpus_heading(spec: ReportSpec, task: TaskSpec, corpus: CorpusSpec) -> str:
    """What stands above the tables of a corpus: also who learns from it, where the task has several."""
    if len(task.corpora) == 1:
        return "What was collected"
    looks_up = [NEAREST] if corpus.name == MAIN_CORPUS and NEAREST in spec.methods else []
    users = ", ".join(method_title(method) for method in (*corpus.models, *looks_up))
    return f"What was collected for {users or 'no method'}: {corpus_title(task, corpus)}"


def performance_title(performance: Performance) -> str:
    """What a model is told of networks, in words."""
    if performance.classes == "each":
        return " and ".join(part.metric for part in performance.parts) + " of each class"
    if performance.classes == "mean":
        return f"mean {performance.metric} over classes"
    return f"{performance.metric} of class {performance.classes}"


def forget_title(forget: str) -> str:
    """``2-3`` as the set that it stands for: ``{2,3}``."""
    return "{" + forget.replace("-", ",") + "}"


def _task_table_names(task: TableTask | TaskSpec) -> list[str]:
    prefixes = [task.name] * bool(task.forget) + [f"{task.name}-holdout"] * bool(task.holdout)
    return [
        *(f"{prefix}-{kind}" for prefix in prefixes for kind in ("individual", "paired")),
        f"{task.name}-comparison",
        # Outputs are raised to bring a class back, and groups have none.
        *[f"{task.name}-recovery"] * (not task.groups),
        *[f"{task.name}-strangers"] * bool(task.stranger_methods),
        *[f"{task.name}-seeds"] * bool(task.repetitions),
        *[f"{task.name}-widths"] * bool(task.sharing),
    ]
