"""What one forget set came to, by the file that has its metrics: the answer of ``hyperforget show``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hyperforget.config.methods import RETRAINED
from hyperforget.config.report_specs import FigureTask, ReportSpec
from hyperforget.errors import UserError, nearest_choice, shown
from hyperforget.records.costs import CostRow
from hyperforget.report.answers import answer, yardstick_of
from hyperforget.report.costs import duration, read_costs
from hyperforget.report.matrix import IN_FULL, in_full, percent
from hyperforget.report.results import Metrics
from hyperforget.report.spec import forget_title, method_title
from hyperforget.report.tables.model import number

HEADINGS = ("Method", *IN_FULL, "A request")


@dataclass(frozen=True)
class Shown:
    """A forget set of a task in ``title``; a row of `HEADINGS` for each method, retrained networks last; and where the
    chosen networks lie.
    """

    title: str
    rows: tuple[tuple[str, ...], ...]
    networks: str


def show(spec: ReportSpec, path: Path) -> Shown:
    """The answers in ``results/{task}/forget-{set}.csv``, with the verdicts of the report.

    Raises `UserError` for any other path, for one that is not there, and for a task that the configuration lacks.
    """
    forget, results = _forget_set(path), path.parent.parent
    task = spec.task(path.parent.name)
    metrics = Metrics(path, results)
    costs = read_costs(results / "costs.csv") if (results / "costs.csv").is_file() else []
    requests = _requests(task.name, costs)
    there = metrics.methods(task.name)
    rows = tuple(
        (method_title(method), *in_full(answer(spec, metrics, task.name, method, forget)), requests.get(method, ""))
        for method in spec.methods
        if method in there and method != RETRAINED
    )
    retrained = (*_retrained(task, metrics, forget), requests.get(RETRAINED, ""))
    networks = (path.parent / "METHOD" / path.name).with_suffix(".safetensors")
    return Shown(_title(task, metrics, forget), (*rows, retrained), networks.as_posix())


def _forget_set(path: Path) -> str:
    """The forget set in the name of a file that is there."""
    found = path.name.removeprefix("forget-").removesuffix(".csv")
    of_one_set = path.name == f"forget-{found}.csv" and all(part.isdecimal() for part in found.split("-"))
    if of_one_set and path.is_file():
        return found
    known = list(_files_of_sets(path.parent)) or list(_files_of_sets(path.parent.parent))
    there = f"there are {', '.join(known)}" if known else "there is none"
    if of_one_set:
        makes = f"'hyperforget run -- {path.as_posix()}' makes it"
        raise UserError(
            f"{shown(path.as_posix())} is not there; {makes}; {there}{nearest_choice(path.as_posix(), known)}"
        )
    raise UserError(
        f"{shown(path.as_posix())} is not the file of a forget set; allowed is RESULTS/TASK/forget-SET.csv, of which "
        f"{there}{nearest_choice(path.as_posix(), known)}"
    )


def _files_of_sets(folder: Path) -> Iterator[str]:
    """Those of a task, or of the tasks in a folder of results."""
    for file in (*sorted(folder.glob("forget-*.csv")), *sorted(folder.glob("*/forget-*.csv"))):
        if file.stem.removeprefix("forget-").replace("-", "").isdecimal():
            yield file.as_posix()


def _title(task: FigureTask, metrics: Metrics, forget: str) -> str:
    images, of = metrics.images(task.name, forget, "forget"), metrics.images(task.name, forget, "test")
    counted = "" if images is None else f", {images} of {of} test images"
    kept_out = "; no run was collected for it" * (forget in task.holdout)
    return f"{task.name}, asked to forget {forget_title(forget)}{counted}{kept_out}"


def _retrained(task: FigureTask, metrics: Metrics, forget: str) -> tuple[str, ...]:
    """What the numbers of the others are to come to, in the same columns."""
    found = yardstick_of(metrics, task, forget)
    back = [f"≤ {percent(found.recovered[0].high)}", f"≤ {number(found.recovered[1].high, 2)}"]
    return (
        method_title(RETRAINED),
        "",
        "",
        *(["", ""] if task.groups else back),
        percent(found.kept.value, 1),
        f"≤ {number(found.farthest, 2)}",
    )


def _requests(task: str, costs: Sequence[CostRow]) -> dict[str, str]:
    return {cost.method: duration(cost.request_seconds) for cost in costs if cost.task == task}
