"""Sets of torchvision: read from their files, downloaded one process at a time, and one sentence on every fault."""

import multiprocessing
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.config import DatasetConfig
from hyperforget.config.raw_files import TORCHVISION_SETS, content_of
from hyperforget.data import idx as idx_reader
from hyperforget.data import torchvision_sets
from hyperforget.data.torchvision_sets import import_torchvision, load_torchvision
from hyperforget.errors import UserError
from tests.data.idx_files import idx, write_idx_set
from tests.torture import hostile

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 5, 4), np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 3
FILES = TORCHVISION_SETS["MNIST"].files
IDX_SETS = [name for name, known in TORCHVISION_SETS.items() if known.idx]


def source(root: Path, name: str = "MNIST", download: bool = False) -> DatasetConfig:
    return DatasetConfig(source="torchvision", name=name, root=str(root), download=download)


def refusal_of(config: DatasetConfig) -> str:
    with pytest.raises(UserError) as refusal:
        load_torchvision(config)
    message = str(refusal.value)
    assert message.startswith(f"dataset.root {config.root!r} does not give {config.name}: ")
    assert message.isprintable()
    return message


@pytest.mark.parametrize("name", IDX_SETS)
def test_both_parts_are_flat_and_as_torchvision_reads_them(tmp_path: Path, name: str) -> None:
    write_idx_set(tmp_path, name, IMAGES, LABELS)
    raw = load_torchvision(source(tmp_path, name))
    build = getattr(import_torchvision().datasets, name)
    assert raw.test is not None
    for part, (images, labels) in ((True, raw.train), (False, raw.test)):
        theirs = build(tmp_path, train=part)
        np.testing.assert_array_equal(images, theirs.data.numpy().reshape(12, 20))
        np.testing.assert_array_equal(labels, [int(theirs[index][1]) for index in range(12)])
        assert images.dtype == np.uint8
        assert labels.ndim == 1


def test_the_table_names_the_files_that_torchvision_reads() -> None:
    known = import_torchvision().datasets
    for name in ("MNIST", "FashionMNIST", "KMNIST"):
        wanted = {f"{name}/raw/{file.removesuffix('.gz')}" for file, _ in getattr(known, name).resources}
        assert set(TORCHVISION_SETS[name].files) == wanted
    wanted = {Path(url).stem for part in ("train", "test") for url, _ in known.QMNIST.resources[part]}
    assert {Path(file).name for file in TORCHVISION_SETS["QMNIST"].files} == wanted
    for name in ("CIFAR10", "CIFAR100"):
        made = getattr(known, name)
        files = [file for file, _ in made.train_list + made.test_list] + [made.meta["filename"]]
        assert set(TORCHVISION_SETS[name].files) == {f"{made.base_folder}/{file}" for file in files}
    assert set(TORCHVISION_SETS["USPS"].files) == {file for _, file, _ in known.USPS.split_list.values()}


def test_a_set_that_torchvision_reads(tmp_path: Path) -> None:
    import bz2

    lines = [f"{label + 1} " + " ".join(f"{i + 1}:{label / 9:.3f}" for i in range(256)) for label in range(10)]
    for file in TORCHVISION_SETS["USPS"].files:
        (tmp_path / file).write_bytes(bz2.compress("\n".join(lines).encode()))
    raw = load_torchvision(source(tmp_path, "USPS"))
    assert raw.train[0].shape == (10, 256)
    assert raw.train[1].tolist() == list(range(10))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mnist", "did you mean 'MNIST'?"),
        ("Mnist ", "did you mean 'MNIST'?"),
        ("fashionmnist", "did you mean 'FashionMNIST'?"),
        ("FashonMNIST", "did you mean 'FashionMNIST'?"),
        ("cifar10", "did you mean 'CIFAR10'?"),
        ("ImageNet", "allowed are MNIST, FashionMNIST, KMNIST, QMNIST, CIFAR10, CIFAR100, USPS, and any other set as"),
        ("EMNIST", "chooses by a 'split' of its own; allowed are MNIST, "),
        ("svhn", "chooses by a 'split' of its own"),
        ("STL10", "chooses by a 'split' of its own"),
        ("", "which is no set of torchvision"),
    ],
)
def test_names_of_sets_that_are_not_read(name: str, said: str) -> None:
    with pytest.raises(UserError) as refusal:
        load_torchvision(source(Path("absent"), name))
    message = str(refusal.value)
    assert message.startswith(f"dataset.name is {name!r}, ")
    assert said in message
    assert "has no train and test part" not in message


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert f"the file {FILES[0]!r} is not there" in refusal_of(source(tmp_path / "absent"))
    write_idx_set(tmp_path, "MNIST", IMAGES, LABELS)
    (tmp_path / FILES[3]).unlink()
    assert f"the file {FILES[3]!r} is not there" in refusal_of(source(tmp_path))
    (tmp_path / FILES[3]).mkdir()
    assert f"the file {FILES[3]!r} is not there" in refusal_of(source(tmp_path))


WRONG = {
    "empty": (1, b"", "is no idx1-ubyte file, as its name says"),
    "page": (1, b"<!DOCTYPE html><html>not found</html>", "is no idx"),
    "archive": (0, b"\x1f\x8b\x08\x00" * 20, "is no idx3-ubyte file"),
    "header alone": (0, idx(IMAGES)[:15], "is no idx"),
    "few labels": (1, idx(LABELS[:9]), "has 12 images; allowed are as many as labels, 9"),
    "many labels": (3, idx(np.tile(LABELS, 2)), "has 12 test_images; allowed are as many as labels, 24"),
    "no labels": (1, idx(LABELS[:0]), "is empty"),
    "no images": (0, idx(IMAGES[:0]), "is empty"),
    "no pixels": (2, idx(IMAGES[:, :0]), "is empty"),
    "flat images": (0, idx(IMAGES.reshape(12, 20)), "is no idx3-ubyte file"),
    "labels for images": (0, idx(LABELS), "is no idx3-ubyte file"),
    "images for labels": (1, idx(IMAGES), "is no idx1-ubyte file, as its name says"),
    "numbers of four bytes": (1, idx(LABELS.astype(np.int32)), "is no idx"),
    "cut off": (0, idx(IMAGES)[:-1], "has 239 bytes of numbers, but its header says (12, 5, 4), which takes 240"),
    "too long": (0, idx(IMAGES) + b"x", "has 241 bytes"),
    "promises": (2, idx(IMAGES)[:4] + b"\xff" * 12, "has 0 bytes of numbers"),
    "narrow test images": (2, idx(IMAGES[:, :, :3].copy()), "has test_images of 15 pixels; allowed are as many as"),
}


@pytest.mark.parametrize(("file", "content", "said"), WRONG.values(), ids=WRONG)
def test_files_that_hold_something_else(tmp_path: Path, file: int, content: bytes, said: str) -> None:
    write_idx_set(tmp_path, "MNIST", IMAGES, LABELS)
    (tmp_path / FILES[file]).write_bytes(content)
    message = refusal_of(source(tmp_path))
    assert said in message
    assert " of numbers" not in said or f"the file {FILES[file]!r} " in message


def test_files_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_idx_set(tmp_path, "MNIST", IMAGES, LABELS)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(idx_reader, "_numbers", refuse)
    assert f"the file {FILES[0]!r} cannot be read: Permission denied" in refusal_of(source(tmp_path))


@pytest.mark.parametrize("content", [b"", b"BZh9", b"<html>", b"\xff\x00" * 50])
def test_files_that_torchvision_cannot_read(tmp_path: Path, content: bytes) -> None:
    for file in TORCHVISION_SETS["USPS"].files:
        (tmp_path / file).write_bytes(content)
    refusal_of(source(tmp_path, "USPS"))


def test_pickles_without_their_checksum_are_not_read(tmp_path: Path) -> None:
    for file in TORCHVISION_SETS["CIFAR10"].files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"cos\nabort\n(tR.")
    assert "its files cannot be read (RuntimeError: Dataset not found or corrupted)" in refusal_of(
        source(tmp_path, "CIFAR10")
    )


@hostile("idx", 100)
@given(
    st.integers(0, 3),
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0, 1, 3, 4, 8, 9, 12, 127, 255])), max_size=4),
    st.one_of(st.none(), st.integers(0, 300)),
)
def test_mangled_files_give_a_dataset_or_one_sentence(
    tmp_path: Path, file: int, changed: list[tuple[int, int]], end: int | None
) -> None:
    write_idx_set(tmp_path, "MNIST", IMAGES, LABELS)
    content = bytearray((tmp_path / FILES[file]).read_bytes())
    for position, value in changed:
        content[position % len(content)] = value
    (tmp_path / FILES[file]).write_bytes(content[:end])
    try:
        raw = load_torchvision(source(tmp_path))
    except UserError:
        refusal_of(source(tmp_path))
    else:
        assert raw.test is not None
        for images, labels in (raw.train, raw.test):
            assert images.shape == (12, 20)
            assert labels.shape == (12,)


class Mirror:
    """As torchvision's MNIST, whose download takes a while and leaves half a file on the way."""

    def __init__(self, root: Path, train: bool, download: bool) -> None:
        assert download
        if (root / FILES[3]).is_file():
            return
        with (root / "begun").open("a") as log:
            log.write("x")
        (root / FILES[0]).parent.mkdir(parents=True, exist_ok=True)
        for file in FILES:
            (root / file).write_bytes(b"\x00\x00")
        time.sleep(0.3)
        write_idx_set(root, "MNIST", IMAGES, LABELS)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(datasets=SimpleNamespace(MNIST=Mirror))
    monkeypatch.setattr(torchvision_sets, "import_torchvision", lambda: module)


def fetch(root: Path, results: Any) -> None:
    try:
        results.put(load_torchvision(source(root, download=True)).train[0].tolist())
    except UserError as error:
        results.put(str(error))


@pytest.mark.usefixtures("mirror")
def test_several_processes_download_a_set_once(tmp_path: Path) -> None:
    root, context = tmp_path / "new" / "data", multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [context.Process(target=fetch, args=(root, results)) for _ in range(4)]
    for process in processes:
        process.start()
    found = [results.get(timeout=30) for _ in processes]
    for process in processes:
        process.join()
    assert found == [IMAGES.reshape(12, 20).tolist()] * 4
    assert (root / "begun").read_text() == "x"


@pytest.mark.usefixtures("mirror")
def test_nothing_is_written_beside_files_that_are_there(tmp_path: Path) -> None:
    write_idx_set(tmp_path, "MNIST", IMAGES, LABELS)
    load_torchvision(source(tmp_path, download=True))
    assert [path.name for path in tmp_path.iterdir()] == ["MNIST"]


@pytest.mark.usefixtures("mirror")
def test_a_download_is_the_same_dataset_before_and_after_it_and_what_is_changed_is_another(tmp_path: Path) -> None:
    config = source(tmp_path, download=True)
    assert content_of(config) is None
    load_torchvision(config)
    assert content_of(config) is None
    (tmp_path / FILES[1]).write_bytes(idx(LABELS[::-1].copy()))
    changed = content_of(config)
    assert changed is not None
    load_torchvision(config)
    assert content_of(config) == changed
    (tmp_path / FILES[1]).write_bytes(idx(LABELS))
    assert content_of(config) is None
    (tmp_path / FILES[1]).unlink()
    assert content_of(config) not in (None, changed)


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("Error downloading x:\nTried http://mirror/, got:\n<urlopen error \x1b[31m>\n"),
        OSError("no network"),
        ValueError("bad"),
    ],
    ids=type,
)
def test_a_download_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def build(root: Path, train: bool, download: bool) -> None:
        raise fault

    module = SimpleNamespace(datasets=SimpleNamespace(MNIST=build))
    monkeypatch.setattr(torchvision_sets, "import_torchvision", lambda: module)
    assert type(fault).__name__ in refusal_of(source(tmp_path, download=True))
    assert content_of(source(tmp_path)) is None


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "NotADirectoryError" in refusal_of(source(tmp_path / "file" / "data", download=True))


def test_the_folder_of_torchvision_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, folder in enumerate(("data", "named", "own")):
        write_idx_set(tmp_path / folder, "MNIST", IMAGES + np.uint8(number), LABELS)
    monkeypatch.delenv("HYPERFORGET_DATA", raising=False)
    assert load_torchvision(DatasetConfig(source="torchvision")).train[0][0, 0] == IMAGES[0, 0, 0]
    monkeypatch.setenv("HYPERFORGET_DATA", str(tmp_path / "named"))
    assert load_torchvision(DatasetConfig(source="torchvision")).train[0][0, 0] == IMAGES[0, 0, 0] + 1
    assert load_torchvision(source(tmp_path / "own")).train[0][0, 0] == IMAGES[0, 0, 0] + 2
