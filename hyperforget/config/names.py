"""Which names tasks, models and methods may have, so that no two results lie under one path."""

from hyperforget.config.audit import AUDIT_METRICS
from hyperforget.config.methods import is_reserved
from hyperforget.config.places import FOLDERS, RESULTS
from hyperforget.config.sections import Config
from hyperforget.errors import UserError

# Of those of `hyperforget.metrics.registry`, and of further ones, those that the user's own could have.
BUILT_IN_METRICS = (
    *("accuracy", "overlap", "phi", "jsd", "mia", "shift", "auc", "probe"),
    *(name for name in AUDIT_METRICS if "_" not in name),
)


def check_names(config: Config) -> None:
    """Raise `UserError` for a name that another result has, or that cannot be told from two others."""
    for task in config.tasks:
        if task in FOLDERS:
            raise UserError(
                f"tasks.{task}: {RESULTS / task} is the folder of other results than a task's; allowed is any name but "
                f"{', '.join(FOLDERS)}, such as {f'{task}-task'!r}"
            )
        if task in config.repetitions:
            raise UserError(
                f"tasks: the name {task!r} is that of {config.repeated(task)[0]!r} done again with a further seed; "
                "allowed is any other"
            )
        if config.tasks[task].holdout and f"{task}-holdout" in config.tasks:
            raise UserError(
                f"tasks: the name '{task}-holdout' is that of tables of the task {task!r}, which has forget sets under "
                "holdout; allowed is any other"
            )
    for key, name in [*(("models", name) for name in config.models), *(("methods", name) for name in config.methods)]:
        if is_reserved(name):
            raise UserError(
                f"{key}.{name}: the name {name!r} belongs to another method; allowed is any other that does not end "
                "in '-edit' or '-strangers'"
            )
    for name in config.methods:
        if name in config.models:
            raise UserError(f"methods.{name}: the name {name!r} is that of a model; allowed is any other")
    for name in config.metrics:
        if name in BUILT_IN_METRICS:
            raise UserError(f"metrics.{name}: the name {name!r} is that of a built-in metric; allowed is any other")
    _check_pairs(config)


def _check_pairs(config: Config) -> None:
    """Figures are called after a task and a model, or a rival."""
    of_figure: dict[str, tuple[str, str]] = {}
    for task in config.tasks:
        for model in (*config.models, *config.rivals, *config.methods):
            first = of_figure.setdefault(f"{task}-{model}", (task, model))
            if first != (task, model):
                raise UserError(
                    f"tasks: figures of the task {task!r} and the method {model!r} have the name of those of "
                    f"{first[0]!r} and {first[1]!r}, '{task}-{model}'; allowed are names that do not meet"
                )
