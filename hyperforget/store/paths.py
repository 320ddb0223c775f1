"""Paths that were read from a file or a bucket, written by whomever: each passes here before it is used."""

import os
import stat
import unicodedata
from collections.abc import Iterable
from pathlib import Path

_LONGEST_NAME = 200  # bytes; of the 255 that file systems allow, a file that is being written takes 42 more
_LONGEST_PATH = 1000
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, lone surrogates, separators of lines and paragraphs


def inner_path(path: object) -> str:
    """``path``, if it leads to a place inside of whatever folder it is put behind, and is the only way to write that.

    Raises ValueError with the reason, as a sentence without its subject, for all else: absolute paths, empty parts,
    ``.`` and ``..``, backslashes, control characters, and what is too long for a file system.
    """
    if not isinstance(path, str):
        raise ValueError(f"is {type(path).__name__} instead of text")
    if not path.isprintable() and any(unicodedata.category(character) in _UNPRINTABLE for character in path):
        raise ValueError("has a control character")
    if "\\" in path:
        raise ValueError("has a backslash")
    if path.startswith("/"):
        raise ValueError("is absolute")
    parts, length = path.split("/"), len(path.encode())
    if wrong := {"", ".", ".."}.intersection(parts):
        raise ValueError(f"has the part {min(wrong)!r}")
    if length > _LONGEST_NAME and max(len(part.encode()) for part in parts) > _LONGEST_NAME:
        raise ValueError(f"has a part of more than {_LONGEST_NAME} bytes")
    if length > _LONGEST_PATH:
        raise ValueError(f"has more than {_LONGEST_PATH} bytes")
    return path


def expect_inner(paths: Iterable[object], where: str) -> None:
    """Raise ValueError unless all paths are inner ones, none twice, and none is the folder of another; the message
    names the path and ``where`` it should lead, such as "the object".
    """
    found: set[str] = set()
    for path in paths:
        try:
            inner = inner_path(path)
        except ValueError as problem:
            raise ValueError(f"names a file {_shown(path)} outside {where}: that path {problem}") from None
        if inner in found:
            raise ValueError(f"names the file {inner!r} twice")
        found.add(inner)
    for inner in found:
        parent = inner
        while parent := parent.rpartition("/")[0]:
            if parent in found:
                raise ValueError(f"names {parent!r} as a file, and as the folder of {inner!r}")


def place_in(folder: Path, path: str) -> Path:
    """Where an inner path lies below ``folder``, which itself may be a symbolic link.

    Raises ValueError as `inner_path` does, and where the way there, as far as it exists, leads through a symbolic link
    or a file.
    """
    here, parts = str(folder), inner_path(path).split("/")
    for index, part in enumerate(parts):
        here = f"{here}/{part}"
        try:
            mode = os.lstat(here).st_mode
        except FileNotFoundError:
            break
        if stat.S_ISLNK(mode):
            raise ValueError(f"has the symbolic link {here} on its way")
        if index < len(parts) - 1 and not stat.S_ISDIR(mode):
            raise ValueError(f"has {here} on its way, which is no folder")
    return folder / path


def _shown(path: object) -> str:
    text = ascii(path)
    return text if len(text) <= 80 else f"{text[:77]}..."
