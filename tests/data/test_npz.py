"""Own images from an .npz file: what it gives, and one sentence on every fault of the file."""

import io
import resource
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.config import DatasetConfig
from hyperforget.data.npz import load_npz
from hyperforget.data.preparing import prepare_splits
from hyperforget.errors import UserError
from tests.torture import hostile

IMAGES = np.arange(60 * 6, dtype=np.float32).reshape(60, 2, 3)
LABELS = np.repeat(np.arange(3), 20)


def npz(path: Path) -> DatasetConfig:
    return DatasetConfig(source="npz", path=str(path))


def test_npz_with_and_without_a_test_part(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES, labels=LABELS)
    raw = load_npz(npz(tmp_path / "a.npz"))
    np.testing.assert_array_equal(raw.train[0], IMAGES.reshape(60, 6))
    np.testing.assert_array_equal(raw.train[1], LABELS)
    assert raw.test is None
    np.savez_compressed(
        tmp_path / "b.npz", images=IMAGES, labels=LABELS, test_images=IMAGES[:7], test_labels=LABELS[:7]
    )
    test = load_npz(npz(tmp_path / "b.npz")).test
    assert test is not None
    np.testing.assert_array_equal(test[0], IMAGES[:7].reshape(7, 6))
    np.testing.assert_array_equal(test[1], LABELS[:7])


@pytest.mark.parametrize("kind", ["bool", "uint8", ">i2", "int64", "float16", ">f4", "float64"])
@pytest.mark.parametrize("by_columns", [False, True])
def test_all_types_of_numbers_and_both_orders(tmp_path: Path, kind: str, by_columns: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 2, (60, 2, 3)).astype(kind)
    np.savez(
        tmp_path / "a.npz", images=np.asfortranarray(pixels) if by_columns else pixels, labels=LABELS.astype(">u2")
    )
    images, labels = load_npz(npz(tmp_path / "a.npz")).train
    np.testing.assert_array_equal(images, pixels.reshape(60, 6))
    np.testing.assert_array_equal(labels, LABELS)


def refusal_of(path: Path) -> str:
    with pytest.raises(UserError) as refusal:
        load_npz(npz(path))
    message = str(refusal.value)
    assert message.startswith(f"dataset.path {str(path)!r} ")
    assert message.isprintable()
    return message


GOOD: dict[str, np.ndarray] = {"images": IMAGES, "labels": LABELS}
WRONG = {
    "no labels": ({"images": IMAGES}, "lacks the array 'labels'; it has ['images']"),
    "no images": ({"labels": LABELS}, "lacks the array 'images'; it has ['labels']"),
    "capitals": (
        {"Images": IMAGES, "labels": LABELS},
        "lacks the array 'images'; it has ['Images', 'labels']",
    ),
    "no test labels": (GOOD | {"test_images": IMAGES}, "'test_labels'"),
    "no test images": (GOOD | {"test_labels": LABELS}, "'test_images'"),
    "few images": (GOOD | {"images": IMAGES[:50]}, "50"),
    "few labels": (GOOD | {"labels": LABELS[:50]}, "50"),
    "few test labels": (GOOD | {"test_images": IMAGES, "test_labels": LABELS[:7]}, "7"),
    "narrow test images": (GOOD | {"test_images": IMAGES[:, :1], "test_labels": LABELS}, "3"),
    "no image": (GOOD | {"images": IMAGES[:0], "labels": LABELS[:0]}, "shape (0, 2, 3), which hold nothing"),
    "no pixels": (GOOD | {"images": IMAGES[:, :0]}, "images of shape (60, 0, 3), which hold nothing"),
    "no test image": (GOOD | {"test_images": IMAGES[:0], "test_labels": LABELS[:0]}, "test_images of shape (0, 2, 3)"),
    "labels as objects": (GOOD | {"labels": LABELS.astype(object)}, "'labels' that holds no numbers but the type obj"),
    "labels as text": (GOOD | {"labels": LABELS.astype(str)}, "labels"),
    "one-hot labels": (GOOD | {"labels": np.eye(3)[LABELS]}, "labels"),
    "images as text": (GOOD | {"images": IMAGES.astype(str)}, "images"),
    "images as records": (GOOD | {"images": IMAGES.view([("x", "f4")])}, "images"),
    "complex images": (GOOD | {"images": IMAGES * 1j}, "images"),
    "one image number": (GOOD | {"images": np.float32(1)}, "images"),
    "undefined pixels": (GOOD | {"images": np.full_like(IMAGES, np.nan)}, "images"),
    "many others": ({f"a{i}": LABELS for i in range(99)}, "'a17', ...]"),
    "control characters": ({"x\n\x1b[31m": LABELS}, r"['x\n\x1b[31m']"),
}


@pytest.mark.parametrize(("arrays", "named"), WRONG.values(), ids=WRONG)
def test_npz_with_wrong_arrays(tmp_path: Path, arrays: dict[str, np.ndarray], named: str) -> None:
    np.savez(tmp_path / "a.npz", allow_pickle=True, **arrays)
    assert named in refusal_of(tmp_path / "a.npz")


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut off", b"PK\x05\x06" + bytes(18)])
def test_file_that_is_no_npz(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    assert ".npz" in refusal_of(tmp_path / "a.npz")


def test_single_array_is_no_npz(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    assert ".npz" in refusal_of(tmp_path / "a.npy")


def test_npz_that_is_not_there(tmp_path: Path) -> None:
    assert "is no file; allowed is an .npz file" in refusal_of(tmp_path / "absent.npz")
    assert "is no file" in refusal_of(tmp_path)
    with pytest.raises(UserError, match="is no file"):
        load_npz(DatasetConfig(source="npz"))


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "sprung",)

    np.savez(tmp_path / "a.npz", allow_pickle=True, images=np.array([Trap()] * 60), labels=LABELS)
    refusal_of(tmp_path / "a.npz")
    assert not (tmp_path / "sprung").exists()


def member(header: str, data: bytes = IMAGES.tobytes(), version: bytes = b"\x01\x00") -> bytes:
    """An array as numpy writes it, with a header of one's own."""
    length = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + version + length + header.encode() + data


def archive(path: Path, images: bytes, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    labels = io.BytesIO()
    np.save(labels, LABELS)
    with zipfile.ZipFile(path, "w", compression) as made:
        made.writestr("images.npy", images)
        made.writestr("labels.npy", labels.getvalue())
    return path


def header(kind: str = "<f4", order: str = "False", shape: str = "(60, 2, 3)") -> str:
    return f"{{'descr': {kind!r}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def test_the_header_of_these_tests_is_sound(tmp_path: Path) -> None:
    for version in (b"\x01\x00", b"\x02\x00"):
        found = load_npz(npz(archive(tmp_path / "a.npz", member(header(), version=version))))
        np.testing.assert_array_equal(found.train[0], IMAGES.reshape(60, 6))


@pytest.mark.parametrize(
    "images",
    [
        member(header(shape="(1000000000000, 2, 3)")),
        member(header(shape="(1000000000, 1000000000, 1000000000)")),
        member(header(shape="(60, 2, 4)")),
        member(header(shape="(60, 2, 2)")),
        member(header(shape="(60, -2, -3)")),
        member(header(shape="(60, True, 6)")),
        member(header(shape="(60, 2.0, 3)")),
        member(header(shape="(0, 10000000000000000000000)"), b""),
        member(header(shape="60")),
        member(header(kind="O")),
        member(header(kind="<f3")),
        member(header(kind="V0", shape="(1000000000000,)")),
        member(header(kind="S0", shape="(1000000000000,)")),
        member(header(kind="(1000,1000)f4")),
        member(header(order="0")),
        member("{'descr': '<f4', 'fortran_order': False, 'shape': (60, 2"),
        member("("),
        member("(" * 1900),
        member("-" * 1900 + "1"),
        member("[" * 30000),
        member("{'shape': " * 150),
        member("exit()"),
        member("'\x1b[31m"),
        member(header(), version=b"\x03\x00"),
        member(header(), version=b"\x09\x00"),
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff{",
        b"\x93NUMPY\x01",
        b"",
        b"text",
    ],
)
def test_arrays_that_are_not_what_their_header_says(tmp_path: Path, images: bytes) -> None:
    with little_memory():
        assert "has an array 'images' that " in refusal_of(archive(tmp_path / "a.npz", images))


@pytest.mark.parametrize("compression", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_compressions_that_numpy_does_not_use(tmp_path: Path, compression: int) -> None:
    assert "compressed" in refusal_of(archive(tmp_path / "a.npz", member(header()), compression))


@contextmanager
def little_memory(more: int = 2**27) -> Iterator[None]:
    """A limit on the memory that this process may take on top of what it has."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_a_little_file_takes_little_memory(tmp_path: Path) -> None:
    size = 2**28
    start = member(header(shape=f"({size // 4}, 1)"), b"")
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as made:
        with made.open("images.npy", "w") as stream:
            stream.write(start)
            stream.write(bytes(size))
        made.writestr("labels.npy", b"")
    with little_memory():
        assert f"would take {size + len(start)} bytes" in refusal_of(tmp_path / "a.npz")


def test_images_of_few_grey_levels_are_welcome_compressed(tmp_path: Path) -> None:
    pixels = np.zeros((60, 28, 28))
    pixels[:, :20, 5] = LABELS[:, None]
    np.savez_compressed(tmp_path / "a.npz", images=pixels, labels=LABELS)
    np.testing.assert_array_equal(load_npz(npz(tmp_path / "a.npz")).train[0], pixels.reshape(60, -1))


def sound_archive(compressed: bool) -> bytes:
    made = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(made, images=IMAGES, labels=LABELS)
    return made.getvalue()


SOUND = [sound_archive(False), sound_archive(True)]
# Encryption, compression and version of a member, in its local header and in the directory.
FLAGS = [b"PK\x03\x04", b"PK\x01\x02"]


@pytest.mark.parametrize("sound", SOUND)
@pytest.mark.parametrize(("offset", "value", "named"), [(0, 1, "encrypted"), (2, 77, "compressed")])
def test_encrypted_and_unknown_members(tmp_path: Path, sound: bytes, offset: int, value: int, named: str) -> None:
    content = bytearray(sound)
    for mark, first in zip(FLAGS, (6, 8), strict=True):
        content[content.index(mark) + first + offset] = value
    (tmp_path / "a.npz").write_bytes(content)
    assert named in refusal_of(tmp_path / "a.npz")


mangled = st.tuples(
    st.sampled_from(SOUND),
    st.lists(
        st.tuples(st.integers(0, 2000), st.sampled_from([0, 1, 9, 39, 40, 127, 128, 255])), min_size=1, max_size=6
    ),
    st.sampled_from([None, None, None, 10, 200, 900]),
)


@hostile(".npz", 100)
@given(mangled)
def test_mangled_files_give_a_dataset_or_one_sentence(
    tmp_path: Path, change: tuple[bytes, list[tuple[int, int]], int | None]
) -> None:
    sound, bytes_changed, end = change
    content = bytearray(sound)
    for position, value in bytes_changed:
        content[position % len(content)] = value
    path = tmp_path / "a.npz"
    path.write_bytes(content[:end])
    try:
        with little_memory():
            raw = load_npz(npz(path))
    except UserError:
        refusal_of(path)
    else:
        images, labels = raw.train
        assert len(images) == len(labels) > 0
        assert np.isfinite(images).all()


@pytest.mark.parametrize(
    ("low", "high"), [(5, 5), (1, 1 + 1e-12), (1e8, 1e8 + 1), (0, 1e300), (-1e308, 1e308), (10**10, 10**10 + 255)]
)
def test_pixels_that_single_precision_does_not_hold(tmp_path: Path, low: float, high: float) -> None:
    pixels = np.where(np.arange(60 * 6).reshape(60, 6) % 3, low, high)
    np.savez(tmp_path / "a.npz", images=pixels, labels=LABELS)
    with pytest.raises(UserError, match=r"^the training images of classes \[0, 1, 2\] (are all|have values from) "):
        prepare_splits(npz(tmp_path / "a.npz"), [0, 1, 2], 0)


def test_test_images_may_be_all_alike_but_not_infinite_once_normalised(tmp_path: Path) -> None:
    for value in (7.0, 1e300):
        tests = {"test_images": np.full((60, 2, 3), value), "test_labels": LABELS}
        np.savez(tmp_path / f"{value}.npz", allow_pickle=True, **GOOD, **tests)
    prepare_splits(npz(tmp_path / "7.0.npz"), [0, 1, 2], 0)
    with pytest.raises(UserError, match="the test images of classes"):
        prepare_splits(npz(tmp_path / "1e+300.npz"), [0, 1, 2], 0)
