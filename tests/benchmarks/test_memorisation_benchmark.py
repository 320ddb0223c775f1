"""The benchmark of memorisation finds copies of stored checkpoints, and new networks."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from hyperforget.errors import UserError
from tests.made_once import made_once
from tests.stages.conftest import run_all
from tests.stages.tiny_pipeline import TASK

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def benchmark(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("memorisation")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "tiny-pipeline", run_all)


def test_noise_takes_copies_away_and_retrained_networks_are_new(
    benchmark: ModuleType, results: Path, tmp_path: Path
) -> None:
    rows = {row.method: row for row in benchmark.audited(results / TASK, "2")}
    assert {"retrained", "nearest", "mean of 2 nearest"} < set(rows)
    noised = [rows[f"nearest + {share:g} noise"] for share in benchmark.NOISES]
    assert [row.distance for row in noised] == sorted(row.distance for row in noised)
    assert rows["retrained"].distance > noised[0].distance > 0
    assert all(0 <= row.overlap <= 1 for row in rows.values())
    benchmark.draw({"digits-4": list(rows.values())}, tmp_path / "novelty.svg")
    assert all(method in (tmp_path / "novelty.svg").read_text() for method in ("retrained", "nearest"))


def test_a_set_without_networks_is_one_sentence(benchmark: ModuleType, results: Path) -> None:
    with pytest.raises(UserError, match=r"lacks networks of nearest or retrained without 2-3"):
        list(benchmark.audited(results / TASK, "2-3"))
