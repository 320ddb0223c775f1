"""Work that is stopped and started again, a GPU for machines without one, and copies of the repository."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

# One core a process, as several run side by side: threads that wait for each other would take most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from hypothesis import settings

from hyperforget.runtime.resuming import Resuming
from hyperforget.runtime.saved_state import Unfinished
from tests.checkouts import another, checkout, finished
from tests.pretended_gpu import pretended_gpu
from tests.torture import LONG, PAGE, ROWS, table, write_table

# Fixtures; one of each for all tests.
__all__ = ["another", "checkout", "finished"]

Result = TypeVar("Result")

# Of properties that say nothing else: enough to notice what is plainly wrong.
settings.register_profile("unit", max_examples=15)


class InPieces(Protocol):
    """``in_pieces(work, kills)``: what ``work`` gives that is killed after so many steps, time and again."""

    def __call__(self, work: Callable[[Resuming], Result], kills: Sequence[int]) -> Result: ...


class Killed(Exception):
    """The process has ended without notice."""


class Killing(Unfinished):
    """Saves at every third step, and ends the process at the beginning of one of them."""

    def __init__(self, path: Path, steps: int) -> None:
        super().__init__(path, interval=3600)
        self.steps = steps
        self.seen = 0

    def due(self) -> bool:
        if self.seen == self.steps:
            raise Killed
        self.seen += 1
        return self.seen % 3 == 0


def pytest_configure(config: pytest.Config) -> None:
    # pytest-xdist would begin with the files that have the most tests.
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, so that of several processes none has to wait for one that began late.

    Of the files that need a whole run, one makes it, and the others have their turn when it is there.
    """
    whole_runs = [item.path for item in items if _is_of(item, "smoke") and not _is_of(item, "slurm")]

    def turn(item: pytest.Item) -> int:
        if _is_of(item, "slurm"):
            return 0
        if _is_of(item, "smoke"):
            return 0 if item.path == whole_runs[0] else 3
        return 1 if _is_of(item, "workflow") else 2 if _is_of(item, "pipeline") else 4

    items.sort(key=turn)


def _is_of(item: pytest.Item, marker: str) -> bool:
    return item.get_closest_marker(marker) is not None


@pytest.fixture
def in_pieces(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> InPieces:
    # It is the process that ends here, not the machine.
    monkeypatch.setattr("hyperforget.runtime.saved_state.sync", lambda path: None)

    def run(work: Callable[[Resuming], Result], kills: Sequence[int]) -> Result:
        path = tmp_path / "unfinished" / "recipe.safetensors"
        for steps in kills:
            with pytest.raises(Killed):
                work(Resuming(Killing(path, steps)))
        result = work(Resuming(Unfinished(path, interval=3600)))
        resumed = capsys.readouterr().err.count("resumed at")
        # The first run finds nothing, and one that is killed before the third step leaves nothing.
        assert resumed == (len(kills) if kills[0] >= 3 else len(kills) - 1)
        return result

    return run


@pytest.fixture
def gpu() -> Iterator[torch.device]:
    with pretended_gpu() as device:
        yield device


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LONG:
        terminalreporter.write_line("\n" + "\n".join(table(ROWS)))
    if PAGE:
        write_table(Path(PAGE), ROWS)
