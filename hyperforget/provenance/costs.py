"""What hypernetworks and their rivals cost, by the durations that were recorded when their parts were made."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from hyperforget.errors import UserError
from hyperforget.provenance.lineage import Producers
from hyperforget.records.methods import CostRow
from hyperforget.store.computations import FileRef, Record
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store


@dataclass(frozen=True)
class Paid:
    """What a method of a task has cost before the first request: seconds of ``collection`` and of ``training``."""

    task: str
    model: str
    method: str
    collection: float
    training: float


def cost_rows(store: Store, tokens: Iterable[Path]) -> list[CostRow]:
    """What the hypernetworks among ``tokens`` cost, one row for each way of asking them that the other tokens (networks
    sampled from them, of rivals, and retrained ones) show; a hypernetwork that nobody asked has one row. After them one
    row for each rival and task.

    Of several computations with an equal result, the one that ran last is taken. Raises `UserError` for a token that no
    computation of the store made, `CorruptObjectError` for a damaged record.
    """
    producers = Producers(store)
    files = [FileRef(path.as_posix(), file_digest(path)) for path in tokens]
    made = [(file, _made_by(producers, file)) for file in files]
    records = [record for _, record in made]
    rows = []
    for hypernet, trained in made:
        if trained.computation.stage != "train_hypernet":
            continue
        task, model = (trained.computation.arguments[name] for name in ("task", "model"))
        collection = _collection_seconds(producers, trained)
        asking = [
            record
            for record in _of_stages(records, ("sample_unlearned", "sample_edited"))
            if record.computation.inputs["hypernet"].sha256 == hypernet.sha256
        ]
        requests = _by_method(asking, task)
        for method in requests or [model]:
            paid = Paid(task, model, method, collection, _seconds(trained))
            rows.append(_row(paid, requests.get(method, []), records))
    rivals = _of_stages(records, ("look_up_checkpoints", "edit_original"))
    for task in dict.fromkeys(record.computation.arguments["task"] for record in rivals):
        for method, requests_of in _by_method(rivals, task).items():
            # A rival without checkpoints has nothing collected for it, and none has anything trained.
            looked_up = "corpus" in requests_of[0].computation.inputs
            collection = _collection_seconds(producers, requests_of[0]) if looked_up else 0
            rows.append(_row(Paid(task, method, method, collection, 0), requests_of, records))
    return rows


def break_even(spent: float, request: float, retrain: float) -> float:
    """After how many requests of ``request`` seconds, instead of ``retrain``, ``spent`` seconds are saved."""
    return math.ceil(spent / (retrain - request)) if request < retrain else math.inf


def _row(paid: Paid, requests: Sequence[Record], records: Sequence[Record]) -> CostRow:
    """The row of a method from its ``requests``, and from the retrained networks of its task among all ``records``."""
    retrained = [
        record
        for record in _of_stages(records, ("train_reference",))
        if record.computation.arguments["task"] == paid.task
    ]
    request, retrain = _median(requests, "request"), _median(retrained, "network_alone")
    spent = paid.collection + paid.training
    return CostRow(
        paid.task, paid.model, paid.method, round(paid.collection, 3), paid.training, request, retrain,
        _median(retrained, "network_together"),
        retrained[0].computation.spec["count"] if retrained else None,
        None if request is None or retrain is None else break_even(spent, request, retrain),
    )  # fmt: skip


def _of_stages(records: Iterable[Record], stages: tuple[str, ...]) -> list[Record]:
    return [record for record in records if record.computation.stage in stages]


def _by_method(records: Iterable[Record], task: str) -> dict[str, list[Record]]:
    """Those of a task, in their order."""
    found: dict[str, list[Record]] = {}
    for record in records:
        if record.computation.arguments["task"] == task:
            found.setdefault(record.computation.arguments["method"], []).append(record)
    return found


def _made_by(producers: Producers, file: FileRef) -> Record:
    found = producers.of(file.path, file.sha256)
    if not found:
        raise UserError(
            f"no computation in the store made {file.path}, so what it cost is not known; delete it and run "
            "the workflow again"
        )
    return found[-1]


def _collection_seconds(producers: Producers, user: Record) -> float:
    """Of all shards of the corpus that a hypernetwork was trained on, or that was looked through."""
    corpus = _made_by(producers, user.computation.inputs["corpus"]).computation
    segments = [file for name, file in corpus.inputs.items() if name.startswith("segments")]
    return sum(_seconds(_made_by(producers, file)) for file in segments)


def _seconds(record: Record) -> float:
    return float(record.provenance["seconds"])


def _median(records: Sequence[Record], name: str) -> float | None:
    """Of what stages timed themselves; None where none did."""
    timed = [record.provenance.get("timed", {}) for record in records]
    found = [float(each[name]) for each in timed if name in each]
    return median(found) if found else None
