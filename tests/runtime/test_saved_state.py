"""The state that a stopped stage goes on from."""

import os
import signal
import time
from pathlib import Path

import pytest
import safetensors.torch
import torch

from hyperforget.runtime.saved_state import State, Unfinished


@pytest.fixture
def place(tmp_path: Path) -> Unfinished:
    return Unfinished(tmp_path / "unfinished" / "recipe.safetensors", interval=3600)


def test_a_state_comes_back_as_it_was(place: Unfinished) -> None:
    generator = torch.Generator().manual_seed(3)
    weights = torch.arange(6.0).reshape(2, 3).T  # not contiguous
    place.save(State({"generator": generator.get_state(), "weights": weights}, {"step": 7, "rows": [[1, 0.5]]}))
    expected = torch.rand(4, generator=generator)
    found = place.load()
    assert found is not None
    assert found.facts == {"step": 7, "rows": [[1, 0.5]]}
    assert torch.equal(found.tensors["weights"], weights)
    resumed = torch.Generator()
    resumed.set_state(found.tensors["generator"])
    assert torch.equal(torch.rand(4, generator=resumed), expected)


def test_the_seconds_behind_a_state_add_up(place: Unfinished, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    for spent in (10, 20, 30):
        working = Unfinished(place.path, interval=3600)
        working.load()
        assert working.spent == pytest.approx(spent - 10, abs=5)
        with monkeypatch.context() as later:
            later.setattr("hyperforget.runtime.saved_state.time.monotonic", lambda: now + 10)
            working.save(State({}))


def test_there_is_none_before_the_first_and_after_the_work_is_done(place: Unfinished) -> None:
    assert place.load() is None
    place.save(State({"x": torch.zeros(1)}))
    killed = place.path.with_name(f".{place.path.name}.0123.partial")
    killed.mkdir()
    (killed / ".tmp123").write_bytes(b"of a process that was killed")
    for path in (killed / ".tmp123", killed):
        os.utime(path, (1, 1))
    place.close()
    assert place.load() is None
    assert list(place.path.parent.iterdir()) == []


def state_of_many_kinds() -> State:
    tensors = {
        "weights": torch.arange(6.0).reshape(2, 3),
        "half": torch.ones(3, dtype=torch.bfloat16),
        "step": torch.tensor(3),
        "flags": torch.tensor([True, False]),
        "none": torch.zeros(0, 2),
        "generator": torch.Generator().manual_seed(3).get_state()[:40],
    }
    return State(tensors, {"run:0/": None, "run:1/": {"done": 2, "entered": {}, "loss": 0.5}})


def equal(one: State, other: State) -> bool:
    return (
        one.facts == other.facts
        and one.tensors.keys() == other.tensors.keys()
        and all(
            tensor.dtype == other.tensors[name].dtype and torch.equal(tensor, other.tensors[name])
            for name, tensor in one.tensors.items()
        )
    )


def test_no_bit_can_flip_and_no_byte_be_lost_unseen(place: Unfinished, capsys: pytest.CaptureFixture[str]) -> None:
    """A flip in the blanks that fill the header, or in the case of an escape, changes nothing of the state."""
    saved = state_of_many_kinds()
    place.save(saved)
    data = place.path.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    damaged = [data[:position] for position in range(0, len(data), 7)]
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 1 << position % 8
        damaged.append(bytes(flipped))
    refused = 0
    for each in damaged:
        place.path.write_bytes(each)
        found = Unfinished(place.path, interval=3600).load()
        assert found is None or (each[header:] == data[header:] and equal(found, saved))
        refused += found is None
    assert refused > len(damaged) - 20
    told = capsys.readouterr().err.splitlines()
    assert len(told) == refused
    assert all(line.startswith("starting anew: ") and line.isprintable() for line in told)


def test_a_state_without_a_digest_counts_as_none(place: Unfinished) -> None:
    place.path.parent.mkdir()
    safetensors.torch.save_file({"x": torch.ones(1)}, place.path, {"facts": "{}", "spent": "0"})
    assert place.load() is None
    place.close()
    assert list(place.path.parent.iterdir()) == []


def test_who_ends_first_leaves_what_another_is_saving(place: Unfinished, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = place, Unfinished(place.path, interval=3600)
    first.save(State({"x": torch.zeros(1)}, {"by": "first"}))

    def ends_meanwhile(path: Path) -> None:
        monkeypatch.undo()
        first.close()

    monkeypatch.setattr("hyperforget.runtime.saved_state.sync", ends_meanwhile)
    second.save(State({"x": torch.ones(1)}, {"by": "second"}))
    found = Unfinished(place.path, interval=3600).load()
    assert found is not None
    assert found.facts == {"by": "second"}
    second.close()
    assert list(place.path.parent.iterdir()) == []


def test_who_ends_first_leaves_what_another_has_saved(place: Unfinished) -> None:
    first, second = place, Unfinished(place.path, interval=3600)
    first.save(State({"x": torch.zeros(1)}, {"by": "first"}))
    second.save(State({"x": torch.ones(1)}, {"by": "second"}))
    first.close()
    found = second.load()
    assert found is not None
    assert found.facts == {"by": "second"}
    second.close()
    first.close()
    assert list(place.path.parent.iterdir()) == []


@pytest.mark.parametrize("kept", [0, 5, 60])
def test_a_damaged_file_counts_as_none_and_is_told(
    place: Unfinished, kept: int, capsys: pytest.CaptureFixture[str]
) -> None:
    place.save(State({"x": torch.zeros(100)}))
    place.path.write_bytes(place.path.read_bytes()[:kept])
    assert place.load() is None
    assert "starting anew" in capsys.readouterr().err


def test_it_is_due_at_the_interval_only(tmp_path: Path) -> None:
    often, seldom = Unfinished(tmp_path / "a", interval=0), Unfinished(tmp_path / "b", interval=3600)
    try:
        assert [often.due(), often.due(), seldom.due()] == [True, True, False]
    finally:
        seldom.release()
        often.release()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_request_to_end_saves_first(
    place: Unfinished, number: int, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    assert not place.due()
    os.kill(os.getpid(), number)
    assert place.due()
    with pytest.raises(SystemExit) as leaving:
        place.save(State({"x": torch.ones(2)}))
    assert leaving.value.code == status
    assert "the next run goes on from it" in capsys.readouterr().err
    assert signal.getsignal(number) == before
    found = place.load()
    assert found is not None
    assert torch.equal(found.tensors["x"], torch.ones(2))


def test_a_save_that_fails_keeps_the_state_before_it(place: Unfinished, monkeypatch: pytest.MonkeyPatch) -> None:
    place.save(State({"x": torch.zeros(1)}, {"step": 1}))

    def full(path: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("hyperforget.runtime.saved_state.sync", full)
    with pytest.raises(OSError, match="no space left"):
        place.save(State({"x": torch.ones(1)}, {"step": 2}))
    found = place.load()
    assert found is not None
    assert found.facts == {"step": 1}
    assert len(list(place.path.parent.iterdir())) == 1
