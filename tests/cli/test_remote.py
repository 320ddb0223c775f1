"""``hyperforget store push`` and ``pull``, with a folder as the remote."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hyperforget.cli.main import app
from hyperforget.store.store import Store
from hyperforget.store.tokens import write_token

pytest.importorskip("obstore", reason="no obstore: pip install -e '.[remote]'")


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty folder; the shell is where ``results`` has a store with one tag."""
    monkeypatch.chdir(tmp_path)
    object_id = Store(Path("results/store")).publish("networks", {"params": np.ones((200, 300))}, {})
    write_token(Path("results/networks.json"), "networks", object_id, {})
    call("tag", "paper")
    (tmp_path / "remote").mkdir()
    return (tmp_path / "remote").as_uri()


def call(*arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(app, ["store", *arguments])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def call_json(*arguments: str) -> Any:
    return json.loads(call(*arguments, "--json").stdout)


def test_push_and_pull_tell_in_one_line_what_travelled(remote: str) -> None:
    moved = r"1 object, 2 files, 1 log entry, 1 tag \(0\.0 MB\); 0 were there already\n"
    assert re.fullmatch(f"would send {moved}", call("push", remote, "--dry-run").stdout)
    assert re.fullmatch(f"sent {moved}", call("push", remote).stdout)
    assert call("push", remote).stdout == "sent nothing; 5 were there already\n"
    assert re.fullmatch(f"would fetch {moved}", call("pull", remote, "--store", "new", "-n").stdout)
    assert not Path("new").exists()
    assert re.fullmatch(f"fetched {moved}", call("pull", remote, "paper", "--store", "new").stdout)
    assert call("pull", remote, "--store", "new").stdout == "fetched nothing; 5 were there already\n"
    call("checkout", "paper", "--store", "new", "--results", "copy")
    assert Path("copy/networks.json").read_bytes() == Path("results/networks.json").read_bytes()


def test_push_and_pull_print_json(remote: str) -> None:
    told = call_json("push", remote)
    assert told["bytes"] > 0
    assert {name: told[name] for name in told if name != "bytes"} == {
        "dry_run": False, "objects": 1, "recipes": 0, "files": 2, "log_entries": 1, "tags": 1, "present": 0,
        "left": [],
    }  # fmt: skip
    assert call_json("pull", remote, "--store", "new") == told


def test_errors_are_one_line_and_status_2(remote: str) -> None:
    call("push", remote)
    for arguments in (
        ("push", "s4://bucket"),
        ("push", remote, "--store", "nowhere"),
        ("pull", remote, "papers", "--store", "new"),
        ("pull", "results"),
    ):
        refused = call(*arguments, status=2)
        assert refused.stdout == ""
        assert re.fullmatch(r"error: .+\n", refused.stderr)
    assert not Path("new").exists()
