"""Training that is stopped on purpose, at a step of the test's choice."""

from pathlib import Path

from hyperforget.runtime.saved_state import State, Unfinished


class Stopped(Exception):
    """In place of the end of a process."""


class Stopping(Unfinished):
    """Saves and stops at the beginning of a given step."""

    def __init__(self, path: Path, steps: int) -> None:
        super().__init__(path, interval=0)
        self.left = steps

    def due(self) -> bool:
        self.left -= 1
        return self.left == 0

    def save(self, state: State) -> None:
        super().save(state)
        raise Stopped
