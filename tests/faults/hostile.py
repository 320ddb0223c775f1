"""Hostile input: JSON with anything anywhere, bytes with anything anywhere, and a reader that is watched."""

import copy
import json
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from hypothesis import strategies as st

from hyperforget.errors import UserError

SECONDS = 20
MORE_BYTES = 1 << 30
LONGEST_SENTENCE = 700  # with the paths of files in it

# What no reader does: start a program, load code, or talk to others.
_EXECUTED = {
    "os.system", "os.exec", "os.fork", "os.posix_spawn", "subprocess.Popen", "pickle.find_class", "ctypes.dlopen",
    "socket.connect", "marshal.loads", "compile", "exec",
}  # fmt: skip

ID = "ab" * 32


def nested(depth: int) -> Any:
    """Lists in lists."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


VALUES: list[Any] = [
    None, True, -1, 0, 0.5, 1e300, 2**31, 10**12, 2**53 - 1, 2**63, 10**30, 10**4000, "", "x", "//x", "../x",
    "/etc/passwd", "\0", "\x1b[2J", "a\nb", "\u2028", "x" * 5000, "<f4", "float64", "object", "<U99999999", "r99999992",
    "zstd", "transpose", "numcodecs.pickle", "vlen-utf8", "sharding_indexed", "__reduce__", [], {}, [[]], [{}],
    {"a": {}}, [10**12], [2**31, 2**31], [1], [0], [-1], ID, nested(50),
]  # fmt: skip
NAMES = ["new", "", "//x", "../x", "\x1b", "__class__", "checksum", "x" * 5000]
values = st.sampled_from(VALUES).map(copy.deepcopy)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where anything lies in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*path, key)
        yield from places(item, (*path, key))


@st.composite
def changed(draw: st.DrawFn, good: Any) -> Any:
    """A JSON value in which up to three things were replaced, deleted or added."""
    whole = [copy.deepcopy(good)]
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from([*places(whole)][:200]))
        around: Any = whole
        for key in place[:-1]:
            around = around[key]
        change = draw(st.sampled_from(["replace", "replace", "delete", "add"]))
        if change == "replace" or len(place) == 1:
            around[place[-1]] = draw(values)
        elif change == "delete":
            del around[place[-1]]
        elif isinstance(around, dict):
            around[draw(st.sampled_from(NAMES))] = draw(values)
    return whole[0]


@st.composite
def garbled(draw: st.DrawFn, good: bytes) -> bytes:
    """Bytes of which some were replaced, cut off, doubled or inserted, or none of these at all."""
    kind = draw(st.sampled_from(["replace", "replace", "cut", "insert", "double", "other", "deep"]))
    place = draw(st.integers(0, max(0, len(good) - 1)))
    if kind == "other":
        return draw(st.binary(max_size=64))
    if kind == "deep":
        return good[:place] + draw(st.sampled_from([b"[", b'{"a":'])) * 100_000
    if kind == "cut":
        return good[:place]
    if kind == "double":
        return good + good
    new = draw(st.binary(min_size=1, max_size=8))
    return good[:place] + new + good[place + (len(new) if kind == "replace" else 0) :]


def as_json(value: Any) -> bytes:
    """JSON as anybody may write it, without a checksum."""
    return json.dumps(value).encode()


class _Watch:
    """What is executed while ``active``; a hook cannot be taken away again."""

    def __init__(self) -> None:
        self.active = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.active and event in _EXECUTED and not _imports():
            self.seen.append(f"{event} {str(arguments)[:200]}")


def _imports() -> bool:
    """Whether Python itself is importing a module, which executes that one."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None


_watch = _Watch()


@contextmanager
def bounded() -> Iterator[None]:
    """A gigabyte of memory more than now, and some seconds."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"it took more than {SECONDS} seconds")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MORE_BYTES, before[1]))
    handler = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)


def refusal(read: Callable[[], object]) -> str:
    """The one sentence by which a reader refuses hostile input, or nothing where it takes it.

    Any other error, too much time or memory, a control character in the sentence or a program started is a failure.
    """
    _watch.seen.clear()
    sentence = ""
    with bounded():
        _watch.active = True
        try:
            read()
        except UserError as error:
            sentence = str(error)
            assert sentence, "it gives no reason"
        finally:
            _watch.active = False
    assert _watch.seen == [], "it executes something"
    assert sentence.isprintable(), ascii(sentence)
    assert len(sentence) < LONGEST_SENTENCE, sentence
    return sentence
