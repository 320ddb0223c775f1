"""Tasks that share hypernetworks: their main networks differ in the widths of hidden layers, and in nothing else.

Such a task names in `trained_on` the tasks whose corpora teach its hypernetworks, which lie in the folder of the first
of them. A task that is not among them has networks of a width that no hypernetwork ever saw. Tasks go by their names in
paths here, since tasks that are done again with another seed share the hypernetworks of that seed.
"""

import math
from collections.abc import Mapping

from hyperforget.config.models import ModelConfig
from hyperforget.config.sections import Config
from hyperforget.config.tasks import TaskConfig
from hyperforget.errors import UserError, nearest_choice

# What is the same for all tasks that share hypernetworks.
_SHARED = ("trained_on", "dataset", "classes", "groups", "pivots", "holdout")


def teachers(config: Config, name: str) -> list[str]:
    """The tasks whose corpora teach the hypernetworks of a task: itself alone, unless it says otherwise."""
    task, _ = config.repeated(name)
    return [each + name.removeprefix(task) for each in config.tasks[task].trained_on or [task]]


def home_of_hypernetworks(config: Config, name: str) -> str:
    """The task in whose folder the hypernetworks of a task lie."""
    return teachers(config, name)[0]


def split_of(config: Config, name: str) -> str:
    """The task by whose name images are split: what trains one of those that share hypernetworks tests no other."""
    return config.repeated(home_of_hypernetworks(config, name))[0]


def widths_of(task: TaskConfig) -> tuple[int, ...]:
    """Hidden units, or channels, of each layer of a task's main network."""
    return tuple(task.main_network.hidden or task.main_network.channels)


def is_width_never_seen(config: Config, name: str) -> bool:
    """Whether no hypernetwork of a task learned from networks such as those of the task."""
    return name not in teachers(config, name)


def prompted_by(config: Config, name: str) -> str:
    """The task whose corpus says what to ask the hypernetworks of a task for: itself, or of a width never seen the one
    of the nearest width, by the ratios of hidden units.
    """
    known = teachers(config, name)

    def distance(other: str) -> float:
        widths = (widths_of(config.tasks[config.repeated(each)[0]]) for each in (name, other))
        return sum(abs(math.log(own / others)) for own, others in zip(*widths, strict=True))

    return name if name in known else min(known, key=distance)


def check_home(config: Config, name: str, model: str) -> None:
    """Raise `UserError` where a task's hypernetworks lie in the folder of another."""
    home = home_of_hypernetworks(config, name)
    if home != name:
        raise UserError(
            f"the hypernetworks of {name!r} are those of {home!r} (tasks.{config.repeated(name)[0]}.trained_on); "
            f"allowed is to ask for results/{home}/{model}/hypernet.json"
        )


def check_families(config: Config) -> None:
    """Raise `UserError` for tasks that cannot share the hypernetworks that they are said to share."""
    for name, task in config.tasks.items():
        if task.trained_on:
            _check_task(config, name, task)
    if config.hardware.processes > 1 and any(task.trained_on for task in config.tasks.values()):
        raise UserError(
            f"hardware.processes is {config.hardware.processes}, but one process trains hypernetworks of tasks with "
            "trained_on; allowed is 1"
        )


def _check_task(config: Config, name: str, task: TaskConfig) -> None:
    where = f"tasks.{name}.trained_on"
    for other in task.trained_on:
        if other not in config.tasks:
            raise UserError(
                f"{where} has {other!r}, which is no task of the configuration; allowed are "
                f"{', '.join(config.tasks)}{nearest_choice(other, config.tasks)}"
            )
    if len(task.trained_on) < 2 or len(set(task.trained_on)) < len(task.trained_on):
        raise UserError(
            f"{where} is {task.trained_on}; allowed are the names of two tasks or more, each once, or none at all"
        )
    for other in task.trained_on:
        _check_agree(name, task, other, config.tasks[other])
    if task.corpora:
        raise UserError(
            f"tasks.{name}.corpora has {next(iter(task.corpora))!r} beside trained_on; allowed is one of the two, as "
            "tasks that share hypernetworks have one corpus each"
        )
    for model_name, model in config.models.items():
        _check_model(where, model_name, model)


def _check_agree(name: str, task: TaskConfig, other_name: str, other: TaskConfig) -> None:
    found: Mapping[str, tuple[object, object]] = {
        **{key: (getattr(task, key), getattr(other, key)) for key in _SHARED},
        "network": (_but_for_widths(task), _but_for_widths(other)),
    }
    for key, (own, others) in found.items():
        if own != others:
            also = ", of which only the numbers of hidden units or channels may differ" if key == "network" else ""
            raise UserError(
                f"tasks.{name} shares hypernetworks with {other_name!r} (trained_on), but their corpora disagree: "
                f"{key} is {_shown(own)}, and {_shown(others)} of {other_name!r}; allowed is the same{also}"
            )


def _shown(value: object) -> str:
    """A value in a message, of a section what is not its default."""
    dump = getattr(value, "model_dump", None)
    return str(dump(exclude_defaults=True) or "the default" if dump else value)


def _check_model(where: str, name: str, model: ModelConfig) -> None:
    for key, allowed in (("space", "weights"), ("tokens", "units")):
        value = getattr(model.architecture, key)
        if value != allowed:
            raise UserError(
                f"models.{name}.architecture.{key} is {value!r}, which is of one width only, but {where} has tasks of "
                f"several; allowed is {allowed!r}"
            )


def _but_for_widths(task: TaskConfig) -> dict[str, object]:
    network = task.main_network
    values = network.model_dump(exclude={"hidden", "channels"}, exclude_defaults=True)
    return {"kind": network.kind, "layers": len(widths_of(task)), **values}
