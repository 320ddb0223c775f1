"""Parts inside parts find their own states again, and finished pieces are not computed again."""

import os
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import torch

from hyperforget.runtime.resuming import NOT_RESUMING, Resuming
from hyperforget.runtime.saved_state import State, Unfinished
from tests.conftest import InPieces


class Stopped(Exception):
    """In place of the end of a process."""


class Counting:
    """Rounds of steps; each step adds a number that depends on all before it."""

    def __init__(self, rounds: int, steps: int) -> None:
        self.rounds, self.steps = rounds, steps
        self.taken = 0

    def __call__(self, resuming: Resuming) -> list[float]:
        sums: list[float] = []
        with resuming.part("round", lambda: State({}, {"done": len(sums), "sums": sums})) as found:
            if found is not None:
                sums = found.facts["sums"]
            while len(sums) < self.rounds:
                sums.append(float(self.round(resuming, len(sums))))
        return sums

    def round(self, resuming: Resuming, start: int) -> torch.Tensor:
        total, done = torch.tensor(float(start)), 0
        with resuming.part("step", lambda: State({"total": total}, {"done": done})) as found:
            if found is not None:
                total, done = found.tensors["total"], found.facts["done"]
            while done < self.steps:
                resuming.save_if_due()
                total = 1.5 * total + done
                done += 1
                self.taken += 1
        return total


@pytest.mark.parametrize("kills", [[1], [3], [7], [19], [4, 9, 5], [3, 3, 3, 3]])
def test_what_is_stopped_time_and_again_ends_as_if_it_never_was(in_pieces: InPieces, kills: list[int]) -> None:
    work = Counting(rounds=4, steps=5)
    assert in_pieces(work, kills) == Counting(4, 5)(NOT_RESUMING)
    # Nothing was done again but the steps since the last state.
    assert work.taken <= 20 + 2 * len(kills)


def test_it_is_told_where_the_work_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = Unfinished(tmp_path / "state", interval=3600)
    stopped = Resuming(place)
    with (
        stopped.part("round", lambda: State({}, {"done": 2})),
        stopped.part("names", lambda: State({})),
        stopped.part("step", lambda: State({"a b": torch.ones(1)}, {"done": 7})),
    ):
        place.interval = 0
        stopped.save_if_due()
    resumed = Resuming(Unfinished(tmp_path / "state", interval=3600))
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


class Drawing:
    """Groups of pieces, all drawn from one generator; a piece is a walk of three steps."""

    def __init__(self, groups: int, pieces: int) -> None:
        self.groups, self.pieces = groups, pieces
        self.taken = 0

    def __call__(self, resuming: Resuming) -> list[list[float]]:
        generator, drawn = torch.Generator().manual_seed(0), []
        for _ in range(self.groups):
            # What is drawn between pieces is drawn again by a job that is started again.
            drawn.append(torch.rand(2, generator=generator))
            drawn.append(resuming.remember("group", lambda: self.group(resuming, generator), generator))
        # Pieces without randomness, of the same name.
        drawn += [resuming.remember("group", partial(torch.tensor, [index])) for index in range(2)]
        return [each.tolist() for each in drawn]

    def group(self, resuming: Resuming, generator: torch.Generator) -> torch.Tensor:
        walks = [
            resuming.remember("walk", lambda: self.walk(resuming, generator), generator) for _ in range(self.pieces)
        ]
        return torch.cat(walks)

    def walk(self, resuming: Resuming, generator: torch.Generator) -> torch.Tensor:
        place = torch.zeros(1)
        for _ in range(3):
            resuming.save_if_due()
            place = place + torch.rand(1, generator=generator)
            self.taken += 1
        return place


@pytest.mark.parametrize("kills", [[1], [4], [9], [13], [23, 2], [9, 14, 5], [6, 6, 6, 6]])
def test_pieces_that_were_finished_are_remembered_with_what_they_drew(in_pieces: InPieces, kills: list[int]) -> None:
    work = Drawing(groups=3, pieces=2)
    assert in_pieces(work, kills) == Drawing(3, 2)(NOT_RESUMING)
    # A walk that was under way, and what was done since the last save, is done again.
    assert work.taken <= 3 * 2 * 3 + 6 * len(kills)


def test_what_a_finished_piece_was_made_of_is_forgotten(tmp_path: Path) -> None:
    place = Unfinished(tmp_path / "state", interval=0)
    resuming = Resuming(place)
    Drawing(groups=2, pieces=3)(resuming)
    resuming.save_if_due()
    saved = place.load()
    assert saved is not None
    assert list(saved.facts) == [f"group:{index}/" for index in range(4)]
    place.release()


def test_parts_of_one_name_in_a_row_are_told_apart(tmp_path: Path) -> None:
    """The first population is trained again, since nobody remembered it; the second goes on where it was."""
    place = Unfinished(tmp_path / "state", interval=3600)

    def work(resuming: Resuming, stop: int | None = None) -> list[int]:
        began: list[int] = []

        def train(population: int) -> None:
            done = 0
            with resuming.part("step", lambda: State({}, {"done": done})) as saved:
                if saved is not None:
                    done = saved.facts["done"]
                began.append(done)
                for step in range(done, 5):
                    done = step
                    if (population, step) == (1, stop):
                        place.interval = 0
                        resuming.save_if_due()
                        raise Stopped

        with suppress(Stopped):
            train(0)
            train(1)
        place.interval = 3600
        return began

    assert work(Resuming(place), stop=3) == [0, 0]
    assert work(Resuming(place)) == [0, 3]


def test_pieces_inside_a_part_that_goes_on_are_not_taken_for_those_before_it(tmp_path: Path) -> None:
    place = Unfinished(tmp_path / "state", interval=3600)

    def work(resuming: Resuming, stop: int | None = None) -> list[int]:
        results: list[int] = []
        with resuming.part("round", lambda: State({}, {"done": len(results), "results": results})) as saved:
            if saved is not None:
                results = saved.facts["results"]
            while len(results) < 4:
                if len(results) == stop:
                    place.interval = 0
                    resuming.save_if_due()
                    break
                results.append(int(resuming.remember("piece", lambda: torch.tensor(10 * len(results)))))
        place.interval = 3600
        return results

    assert work(Resuming(place), stop=2) == [0, 10]
    assert work(Resuming(place)) == [0, 10, 20, 30]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_work_that_is_asked_to_end_saves_at_once_and_goes_on_later(tmp_path: Path, number: int) -> None:
    class Asked(Counting):
        def __init__(self, at: int) -> None:
            super().__init__(rounds=4, steps=5)
            self.at = at

        def round(self, resuming: Resuming, start: int) -> torch.Tensor:
            if start == self.at:
                os.kill(os.getpid(), number)
            return super().round(resuming, start)

    before = signal.getsignal(number)
    work = Asked(at=2)
    with pytest.raises(SystemExit) as leaving:
        work(Resuming(Unfinished(tmp_path / "state", interval=3600)))
    assert leaving.value.code == 128 + number
    assert signal.getsignal(number) == before
    assert work.taken == 10
    resumed = Asked(at=-1)
    assert resumed(Resuming(Unfinished(tmp_path / "state", interval=3600))) == Counting(4, 5)(NOT_RESUMING)
    assert resumed.taken == 10
    assert signal.getsignal(number) == before


def test_without_a_place_nothing_is_asked_for_its_state() -> None:
    with NOT_RESUMING.part("step", lambda: pytest.fail("asked")) as found:
        assert found is None
        NOT_RESUMING.save_if_due()
        assert NOT_RESUMING.remember("piece", lambda: torch.tensor(3)) == 3
