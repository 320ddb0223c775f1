"""Which job is asked for: the names in the path of a result, checked against the configuration."""

from collections.abc import Mapping

from hyperforget.config.forget_sets import forget_set
from hyperforget.config.methods import STRANGERS, Method
from hyperforget.config.sections import Config
from hyperforget.config.tasks import TaskConfig
from hyperforget.errors import UserError, nearest_choice


def task_of(config: Config, names: Mapping[str, str]) -> TaskConfig:
    """The task of a job, whose ``names`` are task and, as far as it has them, corpus, model, method and forget set.

    Raises `UserError`, with what is allowed, for an unknown task, forget set or corpus of it, for strangers where it
    has none, and for a model that is to forget and cannot.
    """
    name = config.repeated(names["task"])[0]
    if name not in config.tasks:
        known = [*config.tasks, *config.repetitions]
        raise UserError(
            f"task {name!r} is not in the configuration; allowed are {', '.join(known)}{nearest_choice(name, known)}"
        )
    task = config.tasks[name]
    if "forget" in names:
        forget_set(names["forget"], task)
    if "forget" in names and "model" in names and Method(names["model"]) not in config.all_methods:
        methods = ", ".join(map(str, config.all_methods))
        raise UserError(f"model {names['model']!r} forgets no class; allowed are the methods {methods}")
    corpus = names.get("corpus")
    if corpus is not None and corpus not in task.collections:
        raise UserError(f"task {name!r} has no corpus {corpus!r}; allowed are {', '.join(task.collections)}")
    method = names.get("method", "")
    if (method == STRANGERS or Method.parse(method).on_strangers) and not task.strangers.count:
        raise UserError(f"tasks.{name}.strangers.count is 0, so there are no strangers; allowed is 1 or more")
    return task
