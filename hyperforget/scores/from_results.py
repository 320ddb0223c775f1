"""What the results of a run hold to judge networks by: the data of a task, and the networks retrained for it."""

from pathlib import Path

from hyperforget.config.methods import ORIGINAL, RETRAINED
from hyperforget.data.splits import TaskData, load_task_data, need_classes
from hyperforget.errors import UserError, nearest_choice
from hyperforget.forget_set import ForgetSet
from hyperforget.networks.batch import Networks
from hyperforget.store.store import Store
from hyperforget.unlearning.candidates import StoredCandidates, load_candidates

_DATASET = "dataset.json"


def tasks_in(results: Path) -> list[str]:
    """The tasks that a folder of results has data of."""
    return sorted(path.parent.name for path in results.glob(f"*/{_DATASET}"))


def task_folder(data: object) -> Path | None:
    """The folder of a task in some results, where the ``data`` are the path of one; it need not be there.

    A single word is the name of a dataset, unless it is that of such a folder.
    """
    if not isinstance(data, str | Path) or Path(data).suffix == ".npz":
        return None
    folder = Path(data)
    return folder if len(folder.parts) > 1 or (folder / _DATASET).is_file() else None


def load_task(folder: Path, store: str | Path | None = None) -> TaskData:
    """The data of the task whose folder it is; raises `UserError`, with what there is, where it has none, and
    where it forgets groups.
    """
    if not (folder / _DATASET).is_file():
        known = tasks_in(folder.parent)
        there = f"it has {', '.join(known)}" if known else "it has none, which a run of the workflow makes"
        raise UserError(f"{folder.parent} has no task {folder.name!r}; {there}{nearest_choice(folder.name, known)}")
    data = load_task_data(_store(folder, store), folder / _DATASET)
    need_classes(data, "scores of networks of your own")
    return data


def load_original(folder: Path, store: str | Path | None = None) -> Networks:
    """The first network of a task that was trained on everything; raises `UserError` where there is none."""
    token = folder / f"{ORIGINAL}.json"
    if not token.is_file():
        raise UserError(
            f"{folder.parent} has no original network of task {folder.name!r}; "
            f"'hyperforget run -- results/{folder.name}/{token.name}' makes it"
        )
    return load_candidates(_store(folder, store), token).candidates.networks[:1]


def load_retrained(folder: Path, forget: ForgetSet, store: str | Path | None = None) -> StoredCandidates:
    """The networks of a task that were retrained without a forget set; raises `UserError`, with the command that makes
    them, where there are none.
    """
    token = folder / RETRAINED / f"forget-{forget}.json"
    if not token.is_file():
        raise UserError(
            f"{folder.parent} has no networks of task {folder.name!r} that were retrained without {forget}; "
            f"'hyperforget run -- results/{folder.name}/{RETRAINED}/{token.name}' makes them"
        )
    return load_candidates(_store(folder, store), token)


def _store(folder: Path, store: str | Path | None) -> Store:
    return Store(folder.parent / "store" if store is None else Path(store))
