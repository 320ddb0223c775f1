"""A corpus as a run left it: the token that names it, the data that it was measured on, and its layout."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hyperforget.config.corpora import MAIN_CORPUS, corpus_name
from hyperforget.errors import UserError, nearest_choice, shown
from hyperforget.networks.kinds import layout_of
from hyperforget.networks.layout import Layout
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token

_DATASET = "dataset.json"


@dataclass(frozen=True)
class StoredCorpus:
    """A corpus by its ``token``, beside which lies that of the data."""

    store: Store
    token: Path

    @cached_property
    def object_id(self) -> str:
        return read_token(self.token, kind="corpus").object_id

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Those of the corpus: its ``task``, its name as a ``corpus``, and the ids of its ``segments``."""
        return self.store.read_attributes(self.object_id, kind="corpus")

    @property
    def segments(self) -> list[str]:
        """Ids of the segments."""
        found = self.attributes.get("segments")
        if not (isinstance(found, list) and found):
            raise UserError(f"corpus {self.object_id} names no segments; name another, or collect it anew")
        return found

    @cached_property
    def collected(self) -> dict[str, Any]:
        """Attributes of the first segment, of which all others have the same layout and ``spec``."""
        found = self.store.read_attributes(self.segments[0], kind="segment")
        spec = found.get("spec")
        if not (isinstance(spec, dict) and "protocol" in spec):
            raise UserError(f"segment {self.segments[0]} does not tell how it was collected; collect the corpus anew")
        return found

    @property
    def layout(self) -> Layout:
        """That of every checkpoint."""
        return layout_of(self.collected)

    @cached_property
    def data(self) -> dict[str, Any]:
        """Attributes of the data: ``labels`` of the classes, ``mean`` and ``std`` of the pixels."""
        found = self.store.read_attributes(self._dataset, kind="dataset")
        if len(found.get("answers", found.get("labels", []))) != self.layout.classes:
            raise UserError(
                f"{self.token.with_name(_DATASET)} is not the data that {self.token} was collected on: it has other "
                "classes; run the workflow, which makes what is missing"
            )
        return found

    @property
    def labels(self) -> tuple[int, ...]:
        """What the dataset calls the classes, or the groups, that losses and counts are of."""
        return tuple(self.data["labels"])

    @property
    def answered(self) -> tuple[int, ...]:
        """What the dataset calls the class of each output."""
        return tuple(self.data.get("answers", self.labels))

    @property
    def measured_on(self) -> str:
        """The split that losses and counts are of: validation, or test under the ``thesis`` protocol."""
        return "test" if self.collected["spec"]["protocol"] == "thesis" else "validation"

    @cached_property
    def class_sizes(self) -> Tensor:
        """Images of every class in that split, int64 (C,)."""
        name = f"{self.measured_on}_labels"
        labels = self.store.read(self._dataset, [name], kind="dataset").arrays[name]
        return torch.from_numpy(np.bincount(labels, minlength=len(self.labels)))

    @property
    def _dataset(self) -> str:
        return read_token(self.token.with_name(_DATASET), kind="dataset").object_id


def find_corpus(task: Path, name: str = MAIN_CORPUS, store: Path | None = None) -> StoredCorpus:
    """The corpus of a task by the folder of its results, such as ``results/digits``, in the store beside that folder
    unless another is named.

    ``name`` is that of a further corpus, as the configuration has it under ``corpora``. Raises `UserError`, with what
    there is, for a folder that is not there or holds no such corpus.
    """
    if task.is_file():
        raise UserError(f"{shown(str(task))} is a file; allowed is the folder of a task, such as results/digits")
    around = task.parent if not _corpora(task) and _tasks(task.parent) else task
    if not _corpora(task):
        tasks = _tasks(around)
        if not tasks:
            raise UserError(
                f"no corpus is in {shown(str(task))}; allowed is the folder of a task in which a run made its "
                "corpus.json, such as results/digits"
            )
        folders = ", ".join(str(around / each) for each in tasks)
        raise UserError(f"no corpus is in {shown(str(task))}; allowed are {folders}{nearest_choice(task.name, tasks)}")
    known = _corpora(task)
    wanted = name if name in known else corpus_name(name)
    if wanted not in known:
        keys = [each.removeprefix(corpus_name("")) for each in known]
        raise UserError(
            f"corpus {shown(name)} is not in {shown(str(task))}; allowed are {', '.join(keys)}"
            f"{nearest_choice(name, keys)}"
        )
    return StoredCorpus(Store(store or task.parent / "store"), task / f"{wanted}.json")


def corpora_below(results: Path, store: Store) -> list[StoredCorpus]:
    """All corpora of all tasks of a folder of results, whose objects are in a store."""
    tasks = [results / task for task in _tasks(results)]
    return [StoredCorpus(store, task / f"{name}.json") for task in tasks for name in _corpora(task)]


def _corpora(task: Path) -> list[str]:
    """Names of the corpora whose tokens lie in a folder."""
    found = (path.stem for path in task.glob(f"{MAIN_CORPUS}*.json"))
    return [name for name in sorted(found) if name == MAIN_CORPUS or name.startswith(corpus_name(""))]


def _tasks(results: Path) -> list[str]:
    """Names of the tasks of a folder of results that have a corpus."""
    return sorted({path.parent.name for path in results.glob(f"*/{MAIN_CORPUS}*.json")})
