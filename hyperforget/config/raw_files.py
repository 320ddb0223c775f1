"""The files that images are read from, and a digest of what they hold.

Files that have changed are another dataset, so the digest is part of what the stage that reads them is told.
"""

import fcntl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hyperforget.config.data_folder import data_folder
from hyperforget.config.own_code import own_dataset
from hyperforget.config.tasks import DatasetConfig
from hyperforget.errors import UserError, nearest_choice
from hyperforget.store.canonical import digest
from hyperforget.store.files import file_digest

# Sources whose sets go by names, and are downloaded into the data folder.
DOWNLOADED = ("torchvision", "openml")


@dataclass(frozen=True)
class TorchvisionSet:
    """Height, width and channels of an ``image`` of a set of torchvision, and its ``files`` by their paths in the data
    folder.

    Those of an ``idx`` set are images and labels of its train part, and images and labels of its test part.
    """

    image: tuple[int, int, int]
    files: tuple[str, ...]
    idx: bool = False


def _idx(folder: str, parts: tuple[str, str], labels: str) -> TorchvisionSet:
    files = (f"{folder}/raw/{part}-{kind}" for part in parts for kind in ("images-idx3-ubyte", labels))
    return TorchvisionSet((28, 28, 1), tuple(files), idx=True)


# All sets of torchvision that consist of a train and a test part with one label an image.
TORCHVISION_SETS = {
    **{name: _idx(name, ("train", "t10k"), "labels-idx1-ubyte") for name in ("MNIST", "FashionMNIST", "KMNIST")},
    "QMNIST": _idx("QMNIST", ("qmnist-train", "qmnist-test"), "labels-idx2-int"),
    "CIFAR10": TorchvisionSet(
        (32, 32, 3),
        tuple(
            f"cifar-10-batches-py/{name}"
            for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta")
        ),
    ),
    "CIFAR100": TorchvisionSet((32, 32, 3), tuple(f"cifar-100-python/{name}" for name in ("train", "test", "meta"))),
    "USPS": TorchvisionSet((16, 16, 1), ("usps.bz2", "usps.t.bz2")),
}
_SPLIT_OTHERWISE = ("EMNIST", "SVHN", "STL10")


@dataclass(frozen=True)
class OpenmlSet:
    """A ``dataset`` of OpenML in a ``version``, kept as a ``file`` of the data folder: its features, which are whole
    numbers, times a ``factor`` are the pixels of an ``image`` of that height, width and channels.
    """

    dataset: str
    version: int
    file: str
    image: tuple[int, int, int]
    factor: int


# Features of letters are from 0 to 15.
OPENML_SETS = {"letters": OpenmlSet("letter", 1, "letters.npz", (4, 4, 1), 17)}


def openml_set(name: str, key: str = "dataset.name") -> OpenmlSet:
    """The set of that name. Raises `UserError`, which says ``key``, for a name that is not among those read here."""
    if name in OPENML_SETS:
        return OPENML_SETS[name]
    raise UserError(
        f"{key} is {name!r}, which is no set of OpenML that is read here; allowed are {', '.join(OPENML_SETS)}, and "
        f"any other set as a file of source 'npz'{nearest_choice(name, OPENML_SETS)}"
    )


def files_of(dataset: DatasetConfig, key: str = "dataset.name") -> tuple[str, ...]:
    """The files of a set that is downloaded, by their paths in the data folder. Raises `UserError` for a wrong name."""
    if dataset.source == "openml":
        return (openml_set(dataset.name, key).file,)
    return torchvision_set(dataset.name, key).files


def torchvision_set(name: str, key: str = "dataset.name") -> TorchvisionSet:
    """The set of that name. Raises `UserError`, which says ``key``, for a name that is not among those read here."""
    if name in TORCHVISION_SETS:
        return TORCHVISION_SETS[name]
    allowed = f"allowed are {', '.join(TORCHVISION_SETS)}, and any other set as a file of source 'npz'"
    by_lower_case = {other.lower(): other for other in (*TORCHVISION_SETS, *_SPLIT_OTHERWISE)}
    meant = by_lower_case.get(name.strip().lower())
    if meant in _SPLIT_OTHERWISE:
        raise UserError(f"{key} is {name!r}, whose parts torchvision chooses by a 'split' of its own; {allowed}")
    nearest = f"; did you mean {meant!r}?" if meant else nearest_choice(name, TORCHVISION_SETS)
    raise UserError(f"{key} is {name!r}, which is no set of torchvision that is read here; {allowed}{nearest}")


def content_of(dataset: DatasetConfig) -> str | None:
    """SHA-256 of what the files of a dataset hold, cheap where they were digested before and have not changed.

    Of a function of the user's own it is that of its file, or the package with its version. None for the embedded
    digits, which belong to a library. None also for a set as torchvision or scikit-learn downloads it, whether it is
    there yet or not: its checksums say what that is, so a plan can be made before the download.
    """
    if dataset.source == "npz":
        return _digest_at(Path(dataset.path or ""))
    if dataset.source == "function":
        return _digest_at(Path(dataset.file)) if dataset.file else own_dataset(dataset).package("dataset", "")
    if dataset.source in DOWNLOADED:
        root = data_folder(dataset.root)
        found = files_digest(root, files_of(dataset))
        return None if found is None or _is_downloaded(downloads_mark(root, dataset.name), found) else found
    return None


def files_digest(root: Path, files: tuple[str, ...]) -> str | None:
    """Digest of those of some files in a folder that are there, or None without any."""
    found = {file: sha256 for file in files if (sha256 := _digest_at(root / file))}
    return digest(found) if found else None


def downloads_mark(root: Path, name: str) -> Path:
    """The file that is locked while a set is downloaded, and then holds the digest of what was downloaded."""
    return root / f"{name}.downloaded"


def _is_downloaded(mark: Path, found: str) -> bool:
    """Whether the files with that digest are those that were downloaded, or are just on their way."""
    try:
        with mark.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return stream.read(len(found) + 1) == found.encode()
    except BlockingIOError:
        return True
    except OSError:
        return False


def _digest_at(path: Path) -> str | None:
    try:
        status = path.stat()
        return _digest(path.resolve(), status.st_size, status.st_mtime_ns) if path.is_file() else None
    except OSError:
        return None


# A plan asks for the same files once a task and repetition.
@lru_cache(maxsize=256)
def _digest(path: Path, size: int, mtime: int) -> str:
    return file_digest(path)
