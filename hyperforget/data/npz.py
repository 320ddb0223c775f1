"""Own images: an .npz file, read without trusting what it says of itself.

Nothing is unpickled, and no more memory is taken than a file of its size can honestly fill.
"""

import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from hyperforget.config import DatasetConfig
from hyperforget.data.raw_images import Groups, Part, RawImages, checked, in_one_line
from hyperforget.errors import UserError

_ALLOWED = "allowed is an .npz file with arrays 'images' and 'labels'"
_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# Images of one grey level compress a thousandfold; those that can be learned from do not come near this.
_EXPANSION, _SMALL = 200, 2**27
_LONGEST_HEADER = 2000


def load_npz(config: DatasetConfig) -> RawImages:
    """Arrays ``images`` and ``labels`` of an .npz file, with ``test_images`` and ``test_labels``, ``groups`` and
    ``test_groups`` if there.

    Raises `UserError` for a file that does not hold them.
    """
    path = Path(config.path or "")
    return read_npz(path, f"dataset.path {str(path)!r}")


def read_npz(path: Path, where: str) -> RawImages:
    """As `load_npz`, of a file that messages call ``where``."""
    train, test, groups = _parts(path, where)
    return checked(train, test, where, groups)


def images_of_npz(path: Path, where: str) -> Part:
    """Its ``images`` (B, ...) and ``labels`` (B,), in the shape that they have there; raises as `read_npz`."""
    train, test, _ = _parts(path, where)
    checked(train, test, where)
    return train


def _parts(path: Path, where: str) -> tuple[Part, Part | None, Groups | None]:
    if not path.is_file():
        raise UserError(f"{where} is no file; {_ALLOWED}")
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # Whatever damaged files lead to.
        raise UserError(f"{where} is no .npz file ({in_one_line(error)}); {_ALLOWED}") from None
    with archive:
        named = _Members(archive, {info.filename.removesuffix(".npy"): info for info in archive.infolist()}, where)
        train = named.array("images"), named.array("labels")
        test, groups = None, None
        if {"test_images", "test_labels"} & set(named.infos):
            test = named.array("test_images"), named.array("test_labels")
        if {"groups", "test_groups"} & set(named.infos):
            groups = named.array("groups"), None if test is None else named.array("test_groups")
    return train, test, groups


@dataclass(frozen=True)
class _Members:
    """The arrays of an ``archive`` by name; messages begin with ``where``."""

    archive: zipfile.ZipFile
    infos: Mapping[str, zipfile.ZipInfo]
    where: str

    def array(self, name: str) -> np.ndarray:
        """One of them, as it is; raises `UserError` where it is not there or cannot be read."""
        if name not in self.infos:
            others = ", ".join(map(repr, sorted(self.infos)[:10])) + (", ..." if len(self.infos) > 10 else "")
            raise UserError(f"{self.where} lacks the array {name!r}; it has [{others}], {_ALLOWED}")
        try:
            return _read(self.archive, self.infos[name])
        except _WrongArrayError as error:
            raise UserError(f"{self.where} has an array {name!r} that {error}; {_ALLOWED}") from None
        except Exception as error:  # Whatever damaged files lead to.
            raise UserError(
                f"{self.where} has an array {name!r} that cannot be read ({in_one_line(error)}); {_ALLOWED}"
            ) from None


class _WrongArrayError(Exception):
    """What is wrong with an array, as the end of a sentence."""


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    if info.flag_bits & 1:
        raise _WrongArrayError("is encrypted")
    if info.compress_type not in _COMPRESSIONS:
        raise _WrongArrayError("is not compressed as numpy does it")
    size = Path(archive.filename or "").stat().st_size
    if info.file_size > max(_EXPANSION * min(info.compress_size, size), _SMALL):
        raise _WrongArrayError(
            f"would take {info.file_size} bytes, more than {_EXPANSION} times those that it has in the file "
            "(numpy.savez saves without compression)"
        )
    with archive.open(info) as stream:
        shape, by_columns, kind = _header(stream)
        if kind.hasobject or kind.kind not in "buif":
            raise _WrongArrayError(f"holds no numbers but the type {kind}")
        wanted, left = math.prod(shape) * kind.itemsize, info.file_size - stream.tell()
        if wanted != left:
            raise _WrongArrayError(f"has {left} bytes of numbers, but its header says {shape}, which takes {wanted}")
        # One byte more, so that the archive's checksum of it is compared.
        data = stream.read(wanted + 1)
    if len(data) != wanted:
        raise _WrongArrayError(f"ends after {len(data)} of {wanted} bytes")
    return np.frombuffer(data, kind).reshape(shape, order="F" if by_columns else "C")


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether the first dimension varies fastest, and type of an array in numpy's own format."""
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise _WrongArrayError(f"has the format {version}, which only arrays with names have")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, kind = read(stream, max_header_size=_LONGEST_HEADER)
    if not all(type(length) is int and length >= 0 for length in shape):
        raise _WrongArrayError(f"has the shape {shape}")
    return shape, by_columns, kind
