"""What methods cost: the durations that were recorded when collections and models were made, and timed requests."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from hyperforget.config.method_words import words_on
from hyperforget.config.methods import NEAREST, ON_NEAREST, RETRAINED, Method
from hyperforget.errors import UserError
from hyperforget.provenance.lineage import Producers
from hyperforget.records.costs import HUNDRED, CostRow, RequestRow
from hyperforget.store.computations import FileRef, Record
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store


@dataclass(frozen=True)
class Paid:
    """What a method has cost before the first request: seconds of ``collection`` and of ``training``."""

    collection: float = 0
    training: float = 0


def cost_rows(
    store: Store, tokens: Iterable[Path], requests: Sequence[RequestRow], hypernets_of: Mapping[str, str] | None = None
) -> list[CostRow]:
    """What methods cost, task by task: a row for each of the ``requests``, for each method whose requests were timed
    only as its networks were made, and for each hypernetwork that nobody asks.

    ``tokens`` are those of hypernetworks, of corpora that are looked through, and of networks of such methods. Tasks in
    ``hypernets_of`` ask the hypernetworks of another, and each has paid for all that these learned from. Of several
    computations with an equal result, the one that ran last is taken. Raises `UserError` for a token that no
    computation of the store made, `CorruptObjectError` for a damaged record.
    """
    producers = Producers(store)
    made = [_made_by(producers, FileRef(path.as_posix(), file_digest(path))) for path in tokens]
    tasks = dict.fromkeys([*(row.task for row in requests), *(_names(record)["task"] for record in made)])
    homes = {task: (hypernets_of or {}).get(task, task) for task in tasks}
    return [row for task, home in homes.items() for row in _rows_of_task(task, home, producers, made, requests)]


def break_even(spent: float, request: float, retrain: float) -> float:
    """After how many requests of ``request`` seconds, instead of ``retrain``, ``spent`` seconds are saved."""
    return math.ceil(spent / (retrain - request)) if request < retrain else math.inf


def _rows_of_task(
    task: str, home: str, producers: Producers, made: Sequence[Record], requests: Sequence[RequestRow]
) -> list[CostRow]:
    paid: dict[str, Paid] = {}
    own: dict[str, list[Record]] = {}
    for record in made:
        names, stage = _names(record), record.computation.stage
        if names["task"] != (home if stage == "train_hypernet" else task):
            continue
        if stage == "train_hypernet":
            corpora = [_made_by(producers, file) for file in _inputs(record, "corpora")]
            collection = sum(_collection_seconds(producers, corpus) for corpus in corpora)
            paid[names["model"]] = Paid(collection, _seconds(record))
        elif stage == "assemble_corpus":
            paid[NEAREST] = paid[ON_NEAREST] = Paid(_collection_seconds(producers, record))
        else:
            own.setdefault(names["method"], []).append(record)
    rows = {row.method: row for row in requests if row.task == task}
    asked = {Method.parse(method).base for method in rows}
    rows |= {
        method: RequestRow(task, method, seconds, None, None, None)
        for method, records in own.items()
        if method not in rows and (seconds := _median(records, "request")) is not None
    }
    models = [base for base in paid if base not in (NEAREST, ON_NEAREST)]
    costs = [_row(row, paid.get(Method.parse(row.method).base, Paid()), rows, models) for row in rows.values()]
    return costs + [_unasked(task, model, paid[model]) for model in models if model not in asked]


def _row(row: RequestRow, paid: Paid, rows: Mapping[str, RequestRow], models: Sequence[str]) -> CostRow:
    """The row of a method from its requests, and from those of all methods of its task, retraining among them."""
    spent, retrained = paid.collection + paid.training, rows.get(RETRAINED)
    alone = together = None
    if retrained is not None and row.method != RETRAINED:
        alone = break_even(spent, row.request_seconds, retrained.request_seconds)
        if row.hundred_seconds is not None and retrained.hundred_seconds is not None:
            together = break_even(spent, row.hundred_seconds / HUNDRED, retrained.hundred_seconds / HUNDRED)
    return CostRow(
        row.task, Method.parse(row.method).base, row.method, words_on(row.method, models).data,
        round(paid.collection, 3), paid.training,
        row.request_seconds, row.with_data_seconds, row.hundred_seconds, row.epoch_seconds, alone, together,
    )  # fmt: skip


def _unasked(task: str, model: str, paid: Paid) -> CostRow:
    return CostRow(task, model, model, "", round(paid.collection, 3), paid.training, None, None, None, None, None, None)


def _names(record: Record) -> Mapping[str, str]:
    return record.computation.arguments


def _made_by(producers: Producers, file: FileRef) -> Record:
    found = producers.of(file.path, file.sha256)
    if not found:
        raise UserError(
            f"no computation in the store made {file.path}, so what it cost is not known; delete it and run "
            "the workflow again"
        )
    return found[-1]


def _collection_seconds(producers: Producers, corpus: Record) -> float:
    """Of all shards of a corpus."""
    return sum(_seconds(_made_by(producers, file)) for file in _inputs(corpus, "segments"))


def _inputs(record: Record, argument: str) -> list[FileRef]:
    """The files of an argument that may have several."""
    return [file for name, file in record.computation.inputs.items() if name.startswith(f"{argument}.")]


def _seconds(record: Record) -> float:
    if "seconds" not in record.provenance:
        raise UserError(
            f"the record of stage {record.computation.stage}, {record.computation.id}, tells no seconds, so what its "
            "result cost is not known; delete the record and its copy, and run the workflow again"
        )
    return float(record.provenance["seconds"])


def _median(records: Sequence[Record], name: str) -> float | None:
    """Of what stages timed themselves; None where none did."""
    timed = [record.provenance.get("timed", {}) for record in records]
    found = [float(each[name]) for each in timed if name in each]
    return median(found) if found else None
