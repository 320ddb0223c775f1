"""Parts inside parts find their own states again."""

import os
import signal
from pathlib import Path

import pytest
import torch

from hyperforget.runtime.resuming import NOT_RESUMABLE, Resumable
from hyperforget.runtime.saved_state import State, Unfinished


class Counting:
    """Rounds of steps; each step adds a number that depends on all before it."""

    def __init__(self, rounds: int, steps: int) -> None:
        self.rounds, self.steps = rounds, steps
        self.taken = 0

    def __call__(self, resumable: Resumable) -> list[float]:
        sums: list[float] = []
        with resumable.part("round", lambda: State({}, {"done": len(sums), "sums": sums})) as found:
            if found is not None:
                sums = found.facts["sums"]
            while len(sums) < self.rounds:
                sums.append(float(self.round(resumable, len(sums))))
        return sums

    def round(self, resumable: Resumable, start: int) -> torch.Tensor:
        total, done = torch.tensor(float(start)), 0
        with resumable.part("step", lambda: State({"total": total}, {"done": done})) as found:
            if found is not None:
                total, done = found.tensors["total"], found.facts["done"]
            while done < self.steps:
                resumable.save_if_due()
                total = 1.5 * total + done
                done += 1
                self.taken += 1
        return total


@pytest.mark.parametrize("kills", [[1], [3], [7], [19], [4, 9, 5], [3, 3, 3, 3]])
def test_what_is_stopped_time_and_again_ends_as_if_it_never_was(in_pieces, kills: list[int]) -> None:
    work = Counting(rounds=4, steps=5)
    assert in_pieces(work, kills) == Counting(4, 5)(NOT_RESUMABLE)
    # Nothing was done again but the steps since the last state.
    assert work.taken <= 20 + 2 * len(kills)


def test_it_is_told_where_the_work_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = Unfinished(tmp_path / "state", interval=3600)
    stopped = Resumable(place)
    with (
        stopped.part("round", lambda: State({}, {"done": 2})),
        stopped.part("names", lambda: State({})),
        stopped.part("step", lambda: State({"a b": torch.ones(1)}, {"done": 7})),
    ):
        place.interval = 0
        stopped.save_if_due()
    resumed = Resumable(Unfinished(tmp_path / "state", interval=3600))
    with resumed.part("round", lambda: State({})) as found:
        assert found == State({}, {"done": 2})
        # A part of another name has a state of its own, and each is found once.
        with resumed.part("step", lambda: State({})) as found:
            assert found is None
        with resumed.part("names", lambda: State({})):
            for expected in (7, None):
                with resumed.part("step", lambda: State({})) as found:
                    assert (found and found.facts["done"]) == expected
    assert capsys.readouterr().err == "resumed at round 2, step 7\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_work_that_is_asked_to_end_saves_at_once_and_goes_on_later(tmp_path: Path, number: int) -> None:
    class Asked(Counting):
        def __init__(self, at: int) -> None:
            super().__init__(rounds=4, steps=5)
            self.at = at

        def round(self, resumable: Resumable, start: int) -> torch.Tensor:
            if start == self.at:
                os.kill(os.getpid(), number)
            return super().round(resumable, start)

    before = signal.getsignal(number)
    work = Asked(at=2)
    with pytest.raises(SystemExit) as leaving:
        work(Resumable(Unfinished(tmp_path / "state", interval=3600)))
    assert leaving.value.code == 128 + number
    assert signal.getsignal(number) == before
    assert work.taken == 10
    resumed = Asked(at=-1)
    assert resumed(Resumable(Unfinished(tmp_path / "state", interval=3600))) == Counting(4, 5)(NOT_RESUMABLE)
    assert resumed.taken == 10
    assert signal.getsignal(number) == before


def test_without_a_place_nothing_is_asked_for_its_state() -> None:
    with NOT_RESUMABLE.part("step", lambda: pytest.fail("asked")) as found:
        assert found is None
        NOT_RESUMABLE.save_if_due()
