"""Finding a generator: in a folder of its own, or among the results of a run."""

import os
from pathlib import Path

from hyperforget.errors import UserError, nearest_choice
from hyperforget.generator.folder import CONFIG, read_generator
from hyperforget.generator.generator import Generator
from hyperforget.home_folder import expand_home

FOLDER = "generator"


def load(path: str | os.PathLike[str], task: str | None = None, model: str | None = None) -> Generator:
    """The generator in a folder that was exported, or among the results below a folder, ``{task}/{model}/generator``.

    Where results hold several, ``task`` and ``model`` say which. Raises `UserError` where there is none or more than
    one, and for a folder that is damaged or of a newer version. Nothing is unpickled.
    """
    return read_generator(find_generator(Path(expand_home(os.fspath(path))), task, model))


def find_generator(path: Path, task: str | None = None, model: str | None = None) -> Path:
    """The folder of a generator, as `load` has it."""
    if (path / CONFIG).is_file():
        return path
    if not path.is_dir():
        raise UserError(f"{path} is no folder; allowed is that of a generator, or of results that hold some")
    found = {folder: _names(path, folder) for folder in generators_below(path)}
    if not found:
        raise UserError(
            f"{path} holds no generator; run the workflow for {path}/TASK/MODEL/{FOLDER}/{CONFIG}, or name another"
        )
    for asked, place, what in ((task, 0, "task"), (model, 1, "model")):
        known = sorted({names[place] for names in found.values()})
        if asked is not None and asked not in known:
            raise UserError(
                f"{path} holds no generator of {what} {asked!r}; allowed are {', '.join(known)}"
                f"{nearest_choice(asked, known)}"
            )
    wanted = [
        folder
        for folder, (its_task, its_model) in found.items()
        if task in (None, its_task) and model in (None, its_model)
    ]
    if len(wanted) != 1:
        several = wanted or list(found)
        listing = ", ".join(" ".join(found[folder]) for folder in several)
        raise UserError(
            f"{path} holds {'several generators' if wanted else 'no such generator'}: {listing}; name task and model, "
            f"or the folder of one, such as {several[0]}"
        )
    return wanted[0]


def generators_below(path: Path) -> list[Path]:
    """The folders of all generators among the results below a folder, of a task, or of a model."""
    places = ("/".join(["*"] * depth + [FOLDER]) for depth in range(3))
    return [folder for place in places for folder in sorted(path.glob(place)) if (folder / CONFIG).is_file()]


def _names(path: Path, folder: Path) -> tuple[str, str]:
    """Task and model of a generator among results."""
    return folder.absolute().parents[1].name, folder.absolute().parents[0].name
