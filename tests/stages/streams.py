"""Which random streams stages derive from a seed."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

# The seed with the purpose, as `hyperforget.runtime.randomness.derived_seed` joins them, by job.
Streams = dict[str, list[str]]


class Deriving:
    """Remembers the streams of each job, of which there is one at a time."""

    def __init__(self) -> None:
        self.job = ""
        self.streams: defaultdict[str, list[str]] = defaultdict(list)


@contextmanager
def derived() -> Iterator[Deriving]:
    """Within it, every stream that is derived counts as one of the ``job`` that is set."""
    deriving = Deriving()

    def sha256(text: bytes) -> "hashlib._Hash":
        deriving.streams[deriving.job].append(text.decode())
        return hashlib.sha256(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hyperforget.runtime.randomness.hashlib", SimpleNamespace(sha256=sha256))
        yield deriving


def save(streams: Streams, path: Path) -> None:
    path.write_text(json.dumps(streams))


def load(path: Path) -> Streams:
    streams: Streams = json.loads(path.read_text())
    return streams
