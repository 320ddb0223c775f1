"""What a task that forgets groups of images instead of classes may ask for."""

from hyperforget.config.corpora import collection_key
from hyperforget.config.methods import NEAREST, Rival
from hyperforget.config.sections import Config
from hyperforget.config.tasks import TaskConfig
from hyperforget.errors import UserError, nearest_choice

# Sources that tell groups, if their file or function does.
_SOURCES = ("grouped-digits", "npz", "function")
# Rivals that neither need an output of what is to be forgotten nor push its accuracy below that of retrained networks.
RIVALS_OF_GROUPS: tuple[Rival, ...] = (NEAREST, "finetune", "cf-k", "eu-k")


def check_groups(config: Config) -> None:
    """Raise `UserError` where a task has groups and the configuration asks for what they do not have: an output, that
    can be lowered, raised or read.
    """
    for name, task in config.tasks.items():
        if task.groups:
            _check_task(name, task)
            _check_methods(f"tasks.{name}", config)


def _check_task(name: str, task: TaskConfig) -> None:
    where, source = f"tasks.{name}", task.dataset.source
    if source not in _SOURCES:
        raise UserError(
            f"{where}.groups is {task.groups}, but {where}.dataset.source is {source!r}, which tells none; allowed are "
            f"{', '.join(_SOURCES)}{nearest_choice(source, _SOURCES)}"
        )
    for corpus, collection in task.collections.items():
        if collection.never_seen == 0:
            raise UserError(
                f"{collection_key(name, corpus)}.never_seen is 0, but {where} has groups, which are forgotten where "
                "they are answered no better than by networks that never saw them; allowed is a share above 0"
            )


def _check_methods(where: str, config: Config) -> None:
    """Each key that is wrong ends the same: ``where`` are the groups."""
    because = f"but {where} has groups, which have no output of their own"
    for rival in config.rivals:
        if rival not in RIVALS_OF_GROUPS:
            raise UserError(f"rivals has {rival!r}, {because}; allowed are {', '.join(RIVALS_OF_GROUPS)}")
    for model, settings in config.models.items():
        if config.conditioning(model) != "gpt" and settings.told != ["loss"]:
            raise UserError(f"models.{model}.told is {settings.told}, {because}; allowed is [loss]")
    for metric in config.audit:
        raise UserError(f"audit has {metric!r}, {because}, and none of its metrics is made for such; allowed is []")
    if config.selection.rule == "retrained-level":
        raise UserError(
            f"selection.rule is 'retrained-level', {because} to tell them by; allowed are lowest-forget and "
            "highest-retain, which count a group as forgotten from the level of networks on that never saw it"
        )
    for key, own in (("methods", config.methods), ("metrics", config.metrics)):
        for name in own:
            raise UserError(
                f"{key}.{name} is of your own, {because}, and functions of your own are given those of classes; "
                "allowed are none"
            )
