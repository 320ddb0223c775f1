"""Tokens: the same bytes for the same content, and one sentence for a broken one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hyperforget
from hyperforget.errors import UserError
from hyperforget.store.tokens import Token, read_token, write_token

ID = "ab" + "0" * 62
SUMMARY = {"runs": 64, "losses": {"3": 0.25, "10": 1e-7, "ä": 2.0}, "classes": (0, 1)}
WRITER = f"""
import sys
from pathlib import Path
from hyperforget.store.tokens import write_token
names = list({{"ä", "3", "10"}})
losses = {{"ä": 2, "3": 0.25, "10": 1e-7}}
summary = {{"classes": [0, 1], "losses": {{name: losses[name] for name in names}}, "runs": 64}}
write_token(Path(sys.argv[1]), "segment", "{ID}", summary)
heavy = {{"zarr", "safetensors", "torch"}} & set(sys.modules)
assert not heavy, heavy
"""


def test_a_token_reads_back_and_is_laid_out_for_people(tmp_path: Path) -> None:
    path = tmp_path / "new" / "token.json"
    write_token(path, "segment", ID, {"b": 2, "a": [1.5]})
    assert read_token(path) == read_token(path, kind="segment") == Token("segment", ID, {"a": [1.5], "b": 2})
    assert path.read_text() == (
        f'{{\n  "kind": "segment",\n  "object_id": "{ID}",\n'
        '  "summary": {\n    "a": [\n      1.5\n    ],\n    "b": 2\n  }\n}\n'
    )
    assert list(path.parent.iterdir()) == [path]


def test_bytes_are_the_same_again_and_under_other_hash_seeds(tmp_path: Path) -> None:
    write_token(tmp_path / "0", "segment", ID, SUMMARY)
    write_token(tmp_path / "1", "segment", ID, dict(reversed(SUMMARY.items())))
    for seed in ("2", "3"):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(hyperforget.__file__).parents[1])}
        subprocess.run([sys.executable, "-c", WRITER, str(tmp_path / seed)], env=environment, check=True)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    assert len(list(tmp_path.iterdir())) == 4


def test_writing_replaces(tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    path.write_text("longer than a token would ever be " * 100)
    write_token(path, "corpus", ID, {})
    assert read_token(path) == Token("corpus", ID, {})


@pytest.mark.parametrize(
    ("kind", "object_id", "summary", "message"),
    [
        ("network", ID, {}, "did you mean 'networks'"),
        ("corpus", "abc", {}, "'abc' is not 64"),
        ("corpus", ID, {"loss": float("inf")}, r"summary\.loss: inf"),
    ],
)
def test_a_wrong_token_is_not_written(
    tmp_path: Path, kind: str, object_id: str, summary: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_token(tmp_path / "token.json", kind, object_id, summary)
    assert list(tmp_path.iterdir()) == []


GOOD = {"kind": "corpus", "object_id": ID, "summary": {}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("\x80", "is not JSON"),
        ("[]", "has content a list, which is not an object with named fields"),
        ("{}", "has no kind; delete it and run the workflow again"),
        (json.dumps({**GOOD, "kind": "corpse"}), "'corpse' is not one of .*did you mean 'corpus'"),
        (json.dumps({**GOOD, "kind": "x" * 10**6}), "kind 'xxx.*xxx' is not one of"),
        (json.dumps({**GOOD, "kind": ["corpus"]}), "has kind a list, which is not text"),
        (json.dumps({**GOOD, "object_id": "../../etc"}), r"'\.\./\.\./etc', which is not 64"),
        (json.dumps({**GOOD, "object_id": None}), "None, which is not text"),
        (json.dumps({**GOOD, "summary": 3}), "summary 3, which is not an object with named fields"),
    ],
)
def test_a_broken_token_is_named_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "token.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=message) as caught:
        read_token(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_absent_tokens_and_tokens_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "token.json"
    with pytest.raises(UserError, match=f"token {path} does not exist; run the workflow again"):
        read_token(path)
    write_token(path, "corpus", ID, {})
    with pytest.raises(UserError, match=f"token {path} names a corpus object, but must name a segment object"):
        read_token(path, kind="segment")
