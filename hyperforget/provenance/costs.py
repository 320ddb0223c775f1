"""What each hypernetwork cost, by the durations that were recorded when its parts were made."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from hyperforget.errors import UserError
from hyperforget.provenance.lineage import Producers
from hyperforget.records.methods import CostRow
from hyperforget.store.computations import FileRef, Record
from hyperforget.store.files import file_digest
from hyperforget.store.store import Store


def cost_rows(store: Store, tokens: Iterable[Path]) -> list[CostRow]:
    """What the hypernetworks among ``tokens`` cost, one row for each way of asking them that the other tokens (networks
    sampled from them, and retrained ones) show; a hypernetwork that nobody asked has one row.

    Of several computations with an equal result, the one that ran last is taken. Raises `UserError` for a token that no
    computation of the store made, `CorruptObjectError` for a damaged record.
    """
    producers = Producers(store)
    files = [FileRef(path.as_posix(), file_digest(path)) for path in tokens]
    made = [(file, _made_by(producers, file)) for file in files]
    rows = []
    for hypernet, trained in made:
        if trained.computation.stage != "train_hypernet":
            continue
        task, model = (trained.computation.arguments[name] for name in ("task", "model"))
        collection = _collection_seconds(producers, trained)
        mine = [record for _, record in made if record.computation.arguments["task"] == task]
        retrained = [record for record in mine if record.computation.stage == "train_reference"]
        requests: dict[str, list[Record]] = {}
        for record in mine:
            asked = record.computation.inputs.get("hypernet")
            sampled = record.computation.stage in ("sample_unlearned", "sample_edited")
            if sampled and asked and asked.sha256 == hypernet.sha256:
                requests.setdefault(record.computation.arguments["method"], []).append(record)
        for method in requests or [model]:
            request = _median(requests.get(method, []), "request")
            retrain = _median(retrained, "network_alone")
            spent = collection + _seconds(trained)
            rows.append(CostRow(
                task, model, method, round(collection, 3), _seconds(trained), request, retrain,
                _median(retrained, "network_together"),
                retrained[0].computation.spec["count"] if retrained else None,
                None if request is None or retrain is None else break_even(spent, request, retrain),
            ))  # fmt: skip
    return rows


def break_even(spent: float, request: float, retrain: float) -> float:
    """After how many requests of ``request`` seconds, instead of ``retrain``, ``spent`` seconds are saved."""
    return math.ceil(spent / (retrain - request)) if request < retrain else math.inf


def _made_by(producers: Producers, file: FileRef) -> Record:
    found = producers.of(file.path, file.sha256)
    if not found:
        raise UserError(
            f"no computation in the store made {file.path}, so what it cost is not known; delete it and run "
            "the workflow again"
        )
    return found[-1]


def _collection_seconds(producers: Producers, trained: Record) -> float:
    """Of all shards of the corpus that a hypernetwork was trained on."""
    corpus = _made_by(producers, trained.computation.inputs["corpus"]).computation
    segments = [file for name, file in corpus.inputs.items() if name.startswith("segments")]
    return sum(_seconds(_made_by(producers, file)) for file in segments)


def _seconds(record: Record) -> float:
    return float(record.provenance["seconds"])


def _median(records: Sequence[Record], name: str) -> float | None:
    """Of what stages timed themselves; None where none did."""
    timed = [record.provenance.get("timed", {}) for record in records]
    found = [float(each[name]) for each in timed if name in each]
    return median(found) if found else None
