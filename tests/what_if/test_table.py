"""Tables of answers, and the files that they are written to."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest
import torch

from hyperforget.errors import UserError
from hyperforget.what_if.sets import every_set
from hyperforget.what_if.table import Answered, accuracies_in, check_writable, table_of, write_table

LABELS = [2, 5, 11, 13]


@pytest.fixture
def answered() -> Answered:
    correct = torch.arange(32).reshape(8, 4)
    return Answered([5, 11, 13], every_set(3), correct, torch.tensor([40, 40, 40, 80]))


def test_a_row_tells_its_set_and_the_accuracy_of_each_class(answered: Answered) -> None:
    table = table_of(answered, LABELS, {"seed": 3})
    assert list(table.columns) == ["forget", "number", "accuracy_2", "accuracy_5", "accuracy_11", "accuracy_13"]
    assert table["forget"].tolist() == ["", "5", "11", "5-11", "13", "5-13", "11-13", "5-11-13"]
    assert table["number"].tolist() == list(range(8))
    assert table["accuracy_13"][1] == pytest.approx(7 / 80)
    assert table.attrs == {"free": [5, 11, 13], "images": [40, 40, 40, 80], "seed": 3}
    assert torch.equal(accuracies_in(table), answered.accuracies)


def test_a_parquet_file_keeps_everything(answered: Answered, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="no pyarrow: pip install pyarrow")
    table = table_of(answered, LABELS, {"seed": 3, "before": {"2": 0.5}})
    write_table(tmp_path / "sets.parquet", table)
    found = pd.read_parquet(tmp_path / "sets.parquet")
    assert found.attrs == table.attrs
    pd.testing.assert_frame_equal(found, table, check_dtype=False)
    assert torch.equal(accuracies_in(found), answered.accuracies)
    before = (tmp_path / "sets.parquet").read_bytes()
    write_table(tmp_path / "sets.parquet", table)
    assert (tmp_path / "sets.parquet").read_bytes() == before


def test_a_csv_file_has_the_same_rows(answered: Answered, tmp_path: Path) -> None:
    table = table_of(answered, LABELS, {})
    write_table(tmp_path / "sets.csv", table)
    found = pd.read_csv(tmp_path / "sets.csv", keep_default_na=False)
    assert found["forget"].tolist() == table["forget"].tolist()
    torch.testing.assert_close(accuracies_in(found), answered.accuracies)


def test_other_kinds_of_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"ends in '.parqet'; allowed are .parquet, .csv; did you mean '.parquet'\?"):
        check_writable(tmp_path / "sets.parqet")
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyarrow" else find_spec(name))
    with pytest.raises(UserError, match=r"pip install pyarrow; or name a .csv file"):
        check_writable(tmp_path / "sets.parquet")
    check_writable(tmp_path / "sets.csv")
