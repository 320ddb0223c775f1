"""Forget sets of a task: which may be asked for, and which are likely unintended."""

from hyperforget.config.sections import Config
from hyperforget.config.tasks import TaskConfig
from hyperforget.errors import UserError
from hyperforget.forget_set import PLURALS, ForgetSet, format_classes, parse_forget_set


def forget_set(text: str, task: TaskConfig, where: str = "forget set") -> ForgetSet:
    """Parse a forget set of a task; see `hyperforget.forget_set.parse_forget_set`.

    Raises `UserError` for one with a pivot too, unless the task allows it: every checkpoint knows the pivots, so that
    nothing shows a hypernetwork how to forget them.
    """
    found = parse_forget_set(text, task.forgettable, where, task.noun)
    pivots = _pivots(found, task)
    if pivots and not task.allow_pivots:
        free = [label for label in sorted(task.forgettable) if label not in task.pivots]
        rest = [label for label in found.classes if label in free] or [_nearest(found.classes, free)]
        raise UserError(
            f"{where} {text!r} has the pivot {task.noun} {pivots[0]}, which no hypernetwork learns to forget; allowed "
            f"are the free {PLURALS[task.noun]} {', '.join(map(str, free))}, or any with the task's allow_pivots: "
            f"true; the nearest is {format_classes(rest)!r}"
        )
    return found


def pivot_warnings(config: Config) -> list[str]:
    """A sentence for each pivot in a forget set of a task that allows them."""
    return [
        f"tasks.{name}: the forget set {text!r} has the pivot class {label}, which lies outside what the corpus covers"
        f"; tasks.{name}.allow_pivots is true, so the report's figures are measured for it all the same"
        for name, task in config.tasks.items()
        for text in task.forget_sets
        for label in _pivots(forget_set(text, task), task)
    ]


def _pivots(asked: ForgetSet, task: TaskConfig) -> list[int]:
    return [label for label in asked.classes if label in task.pivots]


def _nearest(asked: tuple[int, ...], free: list[int]) -> int:
    return min(free, key=lambda label: min(abs(label - each) for each in asked))
