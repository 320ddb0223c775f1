"""Receipts among the results of a run are part of its crate."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hyperforget.generator.description import Lineage
from hyperforget.generator.receipt import AskedGenerator, FileDigest, Receipt, Request
from hyperforget.provenance.receipts import in_words, receipts_in
from hyperforget.store.files import file_digest
from tests.provenance.recorded_run import RecordedRun, make_run
from tests.provenance.test_crate import entities, write

RECEIPT = Receipt(
    time=datetime(2026, 1, 2, tzinfo=UTC),
    package_version="0.1.0",
    request=Request(classes=[2, 3], normalisation=(0, 255), seed=0),
    network=FileDigest(name="mine.pt", sha256="a" * 64),
    result=FileDigest(name="forgotten.pt", sha256="b" * 64),
    generator=AskedGenerator(
        task="digits",
        model="dihyfo-1",
        weights_sha256="c" * 64,
        lineage=Lineage(dataset="1" * 64, corpus="2" * 64, hypernetwork="3" * 64),
    ),
)


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    run = make_run(tmp_path)
    for place in ("receipt.json", "requests/2-3-receipt.json"):
        (run.results / place).parent.mkdir(exist_ok=True)
        (run.results / place).write_text(RECEIPT.model_dump_json())
    (run.results / "other-receipt.json").write_text('{"format": "a bill"}')
    (run.store.root / "receipt.json").write_text(RECEIPT.model_dump_json())
    return run


def test_they_are_found_outside_of_the_store(run: RecordedRun) -> None:
    found = dict(receipts_in(run.results, run.store.root))
    assert found == dict.fromkeys((run.results / "receipt.json", run.results / "requests/2-3-receipt.json"), RECEIPT)


def test_the_crate_says_what_they_are_of(run: RecordedRun) -> None:
    pytest.importorskip("rocrate")
    graph = entities(write(run))
    receipt = graph["requests/2-3-receipt.json"]
    assert receipt["sha256"] == file_digest(run.results / "requests/2-3-receipt.json")
    assert receipt["description"] == in_words(RECEIPT)
    assert all(each in in_words(RECEIPT) for each in ("forget 2, 3", "a" * 64, "b" * 64, "dihyfo-1 of digits"))
    assert {"@id": "receipt.json"} in graph["./"]["hasPart"]
    assert "other-receipt.json" not in graph
