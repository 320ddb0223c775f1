from pathlib import Path

import numpy as np
import pytest

from hyperforget.errors import UserError
from hyperforget.provenance.describe import as_text, describe, find_ids, find_object
from hyperforget.store.computations import read_records
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.store import Store
from hyperforget.store.tags import tag
from hyperforget.store.versions import append_log, snapshot
from tests.provenance.recorded_run import RecordedRun, make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RecordedRun:
    run = make_run(tmp_path_factory.mktemp("run"))
    version = snapshot(run.store, run.results)
    tag(run.store, "paper", version.id)
    append_log(run.store, version.id, "first")
    return run


def test_a_token_tells_its_object_and_its_recipe(run: RecordedRun) -> None:
    told = describe(run.store, str(run.results / "toy/checkpoints/shard-1.json"))
    assert told["token"] == {
        "kind": "segment",
        "object_id": run.objects["results/toy/checkpoints/shard-1.json"],
        "summary": {"task": "toy"},
    }
    assert told["object"]["arrays"]["theta"] == {"dtype": "float32", "shape": [2, 3, 5], "dimensions": None}
    assert told["object"]["attributes"] == {"sizes": [2, 1, 1], "shard": 1}
    assert told["made_by"]["stage"] == "collect_checkpoints"
    assert told["made_by"]["arguments"] == {"task": "toy", "shard": "1"}


def test_another_result_file_tells_its_recipe(run: RecordedRun) -> None:
    told = describe(run.store, str(run.results / "metrics.csv"))
    assert told["made_by"]["stage"] == "gather_metrics"
    assert told["size_bytes"] == (run.results / "metrics.csv").stat().st_size
    assert "token" not in told


def test_a_file_that_no_recipe_made_says_so(run: RecordedRun, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mine")
    assert describe(run.store, str(tmp_path / "mine.csv"))["made_by"] is None


@pytest.mark.parametrize("digits", [64, 12])
def test_objects_and_recipes_are_found_by_the_beginning_of_their_ids(run: RecordedRun, digits: int) -> None:
    object_id = run.objects["results/toy/dataset.json"]
    assert describe(run.store, object_id[:digits])["kind"] == "dataset"
    found = next(record for record in read_records(run.store) if record.computation.stage == "evaluate")
    told = describe(run.store, found.computation.id[:digits])
    assert told["recipe_id"] == found.computation.id
    assert told["recipe"]["spec"] == {"protocol": "validation"}
    assert told["outputs"]["metrics"]["path"] == "results/toy/forget-2.csv"


@pytest.mark.parametrize("name", ["paper", "1"])
def test_a_version_tells_its_files_and_configuration(run: RecordedRun, name: str) -> None:
    told = describe(run.store, name)
    assert told["version"] == name
    assert [each["name"] for each in told["tags"]] == ["paper"]
    assert set(told["files"]) >= {"metrics.csv", "report.html", "toy/corpus.json"}
    assert told["configuration"]["models"]["model"]["sampling"]["steps"] == 10


def test_an_ambiguous_beginning_asks_for_more(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    object_id = run.objects["results/toy/dataset.json"]
    twin = object_id[:10] + "0" * 54
    (run.store.root / "objects" / object_id[:2] / twin).mkdir()
    with pytest.raises(UserError, match=f"2 ids begin with {object_id[:8]}"):
        describe(run.store, object_id[:8])


@pytest.mark.parametrize("name", ["papre", "deadbeef00", "9"])
def test_what_is_unknown_is_refused(run: RecordedRun, name: str) -> None:
    with pytest.raises(UserError, match=f"'{name}' is no file, no id .* and no tag"):
        describe(run.store, name)


def test_too_few_digits_find_nothing(run: RecordedRun) -> None:
    object_id = run.objects["results/toy/dataset.json"]
    assert list(find_ids(run.store, object_id[:5])) == []
    assert list(find_ids(run.store, object_id[:6])) == [(object_id, "object")]
    assert list(find_ids(run.store, "../../..")) == []


def test_missing_and_damaged_objects_are_named(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    object_id = run.objects["results/toy/dataset.json"]
    manifest = run.store.root / "objects" / object_id[:2] / object_id / "object.json"
    manifest.chmod(0o644)
    manifest.write_text("{}")
    with pytest.raises(CorruptObjectError, match=f"{object_id} .* is damaged"):
        describe(run.store, object_id)
    manifest.parent.rename(tmp_path / "aside")
    with pytest.raises(MissingObjectError, match=object_id):
        describe(run.store, str(run.results / "toy/dataset.json"))


def test_objects_are_found_for_export(run: RecordedRun) -> None:
    path = "results/toy/model/forget-2.json"
    object_id = run.objects[path]
    assert find_object(run.store, str(run.folder / path)) == object_id
    assert find_object(run.store, object_id[:9]) == object_id
    with pytest.raises(UserError, match=r"metrics\.csv is no token"):
        find_object(run.store, str(run.results / "metrics.csv"))
    with pytest.raises(UserError, match="'0123456789' is no token file, and no objects"):
        find_object(run.store, "0123456789")


def test_the_text_shows_arrays_on_one_line(tmp_path: Path) -> None:
    documented = {
        "arrays": {"theta": {"unit": "1", "description": "parameters"}},
        "spec": {"a": {"b": [1, 2]}},
    }
    object_id = Store(tmp_path / "store").publish(
        "segment",
        {"theta": np.zeros((2, 3), np.float32)},
        documented,
        dimensions={"theta": ("run", "parameter")},
    )
    lines = as_text(describe(Store(tmp_path / "store"), object_id)).splitlines()
    assert "  theta: float32 (run 2, parameter 3), unit 1: parameters" in lines
    assert "    a.b: [1, 2]" in lines
    assert "kind: segment" in lines


def test_the_text_of_a_version_counts_its_files(run: RecordedRun) -> None:
    text = as_text(describe(run.store, "paper"))
    assert "files: 12, see --json" in text
    assert "    model.sampling.steps: 10" in text
