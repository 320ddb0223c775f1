"""The card of a release's corpora says what their files are."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from hyperforget.collection.stored import find_corpus
from hyperforget.release.dataset_card import Exported, dataset_card
from hyperforget.release.making import make_release
from hyperforget.store.store import Store


@pytest.fixture
def folder(results: Path, tmp_path: Path) -> Path:
    make_release(Store(results / "store"), results, tmp_path / "out")
    return tmp_path / "out" / "corpus"


def front_matter(card: str) -> Any:
    return yaml.safe_load(card.split("---\n")[1])


def test_hubs_find_every_file_under_a_name_of_its_own(folder: Path) -> None:
    front = front_matter((folder / "README.md").read_text())
    told = {each["config_name"]: each["data_files"] for each in front["configs"]}
    assert told == {"shapes": "shapes.parquet", "shapes-ends": "shapes-ends.parquet"}
    assert set(told.values()) == {path.name for path in folder.glob("*.parquet")}
    assert front["size_categories"] == ["n<1K"]


def test_every_column_is_explained_and_no_other(folder: Path) -> None:
    from pyarrow import parquet

    rows = re.findall(r"^\| (`.+?) \|", (folder / "README.md").read_text(), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == set(parquet.read_schema(folder / "shapes.parquet").names)


def test_what_it_shows_in_python_works(folder: Path, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    [shown] = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(shown, names)
    sizes = find_corpus(results / "shapes").class_sizes.numpy()
    assert names["accuracies"].shape == (names["table"].num_rows, len(sizes))
    np.testing.assert_allclose(names["accuracies"] * sizes, np.stack(names["table"]["correct"].to_numpy()))


@pytest.mark.parametrize(("rows", "told"), [(999, "n<1K"), (1_000, "1K<n<10K"), (53_754, "10K<n<100K")])
def test_hubs_are_told_the_size(rows: int, told: str) -> None:
    card = dataset_card([Exported("a.parquet", "a", rows, 5, "MLP 2-1-1", [0, 1], "validation")])
    assert front_matter(card)["size_categories"] == [told]
