import json
import math
from pathlib import Path

import pytest
import yaml

from hyperforget.errors import UserError
from hyperforget.report.run_record import Token, config_text, dataset_warnings, find_tokens, stage_timings
from hyperforget.store.tokens import write_token


def test_tokens_are_found_wherever_they_lie(tmp_path: Path) -> None:
    folder = tmp_path / "digits" / "bias"
    folder.mkdir(parents=True)
    (folder / "forget-2.json").write_text(json.dumps({"kind": "networks", "object_id": "abc", "summary": {}}))
    (tmp_path / "digits" / "other.json").write_text("[1]")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "token.json").write_text(json.dumps({"kind": "corpus", "object_id": "def"}))
    assert find_tokens(tmp_path, ["digits"]) == [Token("digits/bias/forget-2.json", "networks", "abc")]
    (folder / "forget-3.json").write_text("{")
    with pytest.raises(UserError, match=r"forget-3\.json is not JSON"):
        find_tokens(tmp_path, ["digits"])


def test_warnings_of_a_dataset_are_those_of_its_token(tmp_path: Path) -> None:
    assert dataset_warnings(tmp_path, "digits") == []
    for warnings in ({}, {"warnings": ["Few images.", "Many."]}):
        write_token(tmp_path / "digits" / "dataset.json", "dataset", "0" * 64, warnings)
        assert dataset_warnings(tmp_path, "digits") == list(warnings.get("warnings", []))


def test_timings_are_summed_by_stage(tmp_path: Path) -> None:
    assert stage_timings(tmp_path) == []
    lines = [{"s": 2.5, "max_rss": 100.0}, {"s": 4.0, "max_rss": None}]
    for stage, entries in (
        ("evaluate", lines),
        ("train", [{"s": 30, "max_rss": "NA"}]),
        ("empty", [{"s": None}]),
    ):
        for index, entry in enumerate(entries):
            path = tmp_path / "benchmarks" / stage / "digits" / f"{index}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(entry) + "\n")
    train, evaluate = stage_timings(tmp_path)
    assert (train.stage, train.jobs, train.total, train.longest) == ("train", 1, 30.0, 30.0)
    assert math.isnan(train.memory)
    assert (evaluate.jobs, evaluate.total, evaluate.longest, evaluate.memory) == (2, 6.5, 4.0, 100.0)


def test_a_config_is_shown_as_yaml() -> None:
    config = {
        "seed": 0,
        "protocol": "validation",
        "tasks": {"digits-4": {"pivots": [0, 1], "holdout": ["3"], "rate": 0.3, "empty": {}}},
        "10": {"note": "a: b # c", "none": None, "yes": True},
    }
    assert yaml.safe_load(config_text(config)) == config
