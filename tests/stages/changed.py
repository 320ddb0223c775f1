"""What a tiny run read, changed where something must not be looked at, and stored beside what it was."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from hyperforget.collection.checkpoints import Corpus, load_corpus
from hyperforget.collection.segment import SEGMENT_DIMENSIONS
from hyperforget.config.corpora import MAIN_CORPUS
from hyperforget.config.performance import Performance
from hyperforget.data.splits import SPLITS, load_task_data, publish_task_data
from hyperforget.runtime.randomness import generator_for
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token, write_token
from tests.stages.tiny_pipeline import SETTINGS, TASK

Arrays = dict[str, np.ndarray]


def change_dataset(made: Path, folder: Path, change: Callable[[Arrays], None]) -> None:
    """Give ``folder`` the dataset of the run ``made``, of which ``change`` has replaced some arrays."""
    stored = Store(made / "store").read(read_token(made / TASK / "dataset.json").object_id, kind="dataset")
    arrays = {name: array.copy() for name, array in stored.arrays.items()}
    change(arrays)
    publish_task_data(Store(folder / "store"), folder / TASK / "dataset.json", arrays, stored.attributes)


def mislead(arrays: Arrays) -> None:
    """Training images with wrong labels in place of the test images: whoever chose by them would choose otherwise."""
    arrays["test_images"] = arrays["train_images"]
    arrays["test_labels"] = (arrays["train_labels"] + 3) % 4


def hide_classes(places: set[int], splits: tuple[str, ...] = SPLITS) -> Callable[[Arrays], None]:
    """What puts noise in place of the images of some classes in some splits."""

    def change(arrays: Arrays) -> None:
        for split in splits:
            images = arrays[f"{split}_images"]
            rows = np.isin(arrays[f"{split}_labels"], list(places))
            noise = np.random.default_rng(7).uniform(0, 16, images[rows].shape)
            images[rows] = noise.astype(images.dtype)

    return change


def divided_corpus(folder: Path) -> tuple[Corpus, Corpus]:
    """The runs of a corpus that hypernetworks are trained on, and those that they are not."""
    store = Store(folder / "store")
    sizes = load_task_data(store, folder / TASK / "dataset.json").validation.class_sizes
    corpus = load_corpus(store, folder / TASK / f"{MAIN_CORPUS}.json", Performance(), sizes)
    [share] = {model.training.unseen_runs for model in SETTINGS.models.values()}
    return corpus.split(share, generator_for(SETTINGS.seeds[0], "unseen runs", TASK))


def change_runs(folder: Path, rows: np.ndarray) -> None:
    """Give some runs of the corpus, by their ``rows``, other parameters and outcomes, but as many checkpoints."""
    store, token = Store(folder / "store"), folder / TASK / f"{MAIN_CORPUS}.json"
    corpus = store.read(read_token(token).object_id, kind="corpus")
    segments, first = [], 0
    for each in corpus.attributes["segments"]:
        segment = store.read(each, kind="segment")
        arrays = {name: array.copy() for name, array in segment.arrays.items()}
        count = len(arrays["saved"])
        own = rows[(rows >= first) & (rows < first + count)] - first
        arrays["theta"][own] *= -1.5
        arrays["correct"][own] = 0
        for name in ("loss", "discriminability", "separability"):
            arrays[name][own] = 2 * arrays[name][own] + 0.1
        segments.append(store.publish("segment", arrays, segment.attributes, dimensions=SEGMENT_DIMENSIONS))
        first += count
    object_id = store.publish("corpus", {}, corpus.attributes | {"segments": segments})
    write_token(token, "corpus", object_id, read_token(token).summary)
