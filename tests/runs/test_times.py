"""What jobs took is read from their benchmarks, and stands for others of their kind."""

import json
from pathlib import Path

import pytest

from hyperforget.runs.times import Times, job_of, measured, spelled
from hyperforget.runtime.restored import RESTORED


def write(results: Path, job: str, seconds: object, log: str = "") -> None:
    for path, text in ((f"benchmarks/{job}.jsonl", json.dumps({"s": seconds})), (f"logs/{job}.log", log)):
        (results / path).parent.mkdir(parents=True, exist_ok=True)
        (results / path).write_text(text)


def test_benchmarks_tell_what_jobs_took_but_not_those_of_restored_results(tmp_path: Path) -> None:
    write(tmp_path, "evaluate/digits/2", 9.0)
    write(tmp_path, "evaluate/digits/3", 0.4, f"{RESTORED}: computation 12, restored 2 files")
    write(tmp_path, "evaluate/digits/4", None)
    (tmp_path / "benchmarks" / "evaluate" / "half.jsonl").write_text('{"s": 1')
    assert measured(tmp_path).seconds == {"evaluate/digits/2": 9.0}
    assert measured(tmp_path / "nowhere").seconds == {}


def test_of_its_own_else_of_its_kind_else_unknown() -> None:
    times = Times({"evaluate/digits/2": 9.0, "evaluate/digits/3": 11.0, "train_hypernet/digits/gpt": 100.0})
    assert times.of("evaluate/digits/2") == 9.0
    assert times.of("evaluate/mnist/2") == 10.0
    assert times.of("probe_hypernet/digits/gpt") is None
    assert times.of_jobs({"evaluate": 3, "train_hypernet": 1, "probe_hypernet": 0}) == pytest.approx(130.0)
    assert times.of_jobs({"evaluate": 3, "probe_hypernet": 1}) is None


def test_jobs_go_by_the_paths_of_their_benchmarks() -> None:
    assert job_of("results/benchmarks/evaluate/digits/2.jsonl") == "evaluate/digits/2"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (41, "41 s"), (360, "6 min"), (9000, "2.5 h"), (86400 * 5, "5.0 days")]
)
def test_seconds_are_spelled_in_the_unit_that_people_count_in(seconds: float, text: str) -> None:
    assert spelled(seconds) == text
