"""One byte string for one content: canonical JSON (RFC 8785), and digests of values and of arrays."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING, Any, NoReturn

import google_crc32c
import rfc8785

from hyperforget.errors import shown

if TYPE_CHECKING:
    import numpy as np

_LARGEST_INTEGER = 2**53 - 1  # beyond it, a JSON reader that holds numbers as doubles would round
_HASH_BLOCK_ELEMENTS = 1 << 20


class _Unfit(Exception):
    """A value without a form in JSON: what to raise, the reason, and the names that lead to it, the innermost first."""

    def __init__(self, kind: type[Exception], reason: str) -> None:
        self.kind = kind
        self.reason = reason
        self.names: list[str | int] = []


def json_value(value: Any, where: str = "value") -> Any:
    """A copy of ``value`` in plain JSON types: dict, list, str, int, float, bool, None.

    JSON has one type of number, so a float without a fraction becomes an integer: 1.0 and 1 are the same content.
    Raises TypeError for any other type, including NumPy integers and arrays, and ValueError for NaN, infinity, integers
    beyond 2**53 - 1 and text that is not Unicode; the message names the place.
    """
    try:
        return _plain(value)
    except _Unfit as unfit:
        names = (f"[{name}]" if isinstance(name, int) else f".{name}" for name in reversed(unfit.names))
        raise unfit.kind(f"{where}{''.join(names)}: {unfit.reason}") from None


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        if abs(value) > _LARGEST_INTEGER:
            raise _Unfit(
                ValueError, f"integer {shown(value)} is beyond ±(2**53 - 1), which JSON holds; write it as text"
            )
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _Unfit(ValueError, f"{value} has no form in JSON; leave it out or write null")
        whole = value.is_integer() and abs(value) <= _LARGEST_INTEGER
        return int(value) if whole else float(value)
    if isinstance(value, Mapping):
        return _plain_items(value)
    if isinstance(value, list | tuple):
        return [_inside(item, index) for index, item in enumerate(value)]
    raise _Unfit(TypeError, f"{type(value).__name__} is no JSON type; convert it first, for example with .tolist()")


def _plain_items(value: Mapping[Any, Any]) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str):
            raise _Unfit(TypeError, f"key {key!r} is {type(key).__name__}, and JSON allows only text")
    return {_text(key): _inside(item, key) for key, item in value.items()}


def _inside(value: Any, name: str | int) -> Any:
    try:
        return _plain(value)
    except _Unfit as unfit:
        unfit.names.append(name)
        raise


def _text(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _Unfit(ValueError, f"{text!r} holds a lone surrogate, which UTF-8 cannot") from None
    return str.__str__(text)


def plain_json(data: bytes) -> Any:
    """What JSON in ``data`` says, in the types that `json_value` gives.

    Raises ValueError for bytes that are no JSON in UTF-8, and for numbers that `json_value` does not give: NaN,
    infinity, integers beyond 2**53 - 1 and floats without a fraction below that.
    """
    return _PLAIN.decode(data.decode())


def _integer(text: str) -> int:
    # Its length first, since Python reads no integer of more than 4,300 digits.
    if len(text) > len(str(-_LARGEST_INTEGER)) or abs(value := int(text)) > _LARGEST_INTEGER:
        raise ValueError(f"integer {shown(text)} is beyond ±(2**53 - 1)")
    return value


def _fraction(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or (value.is_integer() and abs(value) <= _LARGEST_INTEGER):
        raise ValueError(f"{shown(text)} is no fraction")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} has no form in JSON")


_PLAIN = json.JSONDecoder(parse_int=_integer, parse_float=_fraction, parse_constant=_no_number)


def canonical_json(value: Any) -> bytes:
    """``value`` as canonical JSON (RFC 8785): sorted keys, no white space, shortest numbers, UTF-8.

    Tuples count as lists, and 1.0 as 1. Raises TypeError or ValueError as `json_value` does.
    """
    return canonical_plain(json_value(value))


def readable_json(value: Any) -> bytes:
    """``value`` as indented JSON with sorted keys and a final newline; same content, same bytes."""
    return readable_plain(json_value(value))


def readable_plain(plain: Any) -> bytes:
    """Like `readable_json`, of what `json_value` has given."""
    return _indented(plain, "\n").encode() + b"\n"


# The next two write what json, which indents in Python, and rfc8785 write, in a third of their time: a store with ten
# thousand objects has to read as many documents before it can say what is garbage.


def _indented(plain: Any, line: str) -> str:
    """What ``json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False)`` gives, after the break ``line``."""
    if isinstance(plain, str):
        return _quoted(plain)
    if type(plain) is int:
        return int.__repr__(plain)
    if not plain or not isinstance(plain, dict | list):
        return json.dumps(plain)
    inner = f"{line}  "
    if isinstance(plain, dict):
        parts = [f"{inner}{_quoted(key)}: {_indented(plain[key], inner)}" for key in sorted(plain)]
        return f"{{{','.join(parts)}{line}}}"
    return f"[{','.join([inner + _indented(item, inner) for item in plain])}{line}]"


def canonical_plain(plain: Any) -> bytes:
    """Like `canonical_json`, of what `json_value` has given."""
    return _canonical(plain).encode()


def _canonical(plain: Any) -> str:
    if isinstance(plain, str):
        return _quoted(plain)
    if isinstance(plain, dict):
        keys = sorted(plain) if all(map(str.isascii, plain)) else sorted(plain, key=_utf16)
        return f"{{{','.join([f'{_quoted(key)}:{_canonical(plain[key])}' for key in keys])}}}"
    if isinstance(plain, list):
        return f"[{','.join(map(_canonical, plain))}]"
    if type(plain) is int:
        return int.__repr__(plain)
    if isinstance(plain, float):
        return rfc8785.dumps(plain).decode()
    return json.dumps(plain)


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-be")


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of ``value``, 64 hexadecimal digits."""
    return digest_plain(json_value(value))


def digest_plain(plain: Any) -> str:
    """Like `digest`, of what `json_value` has given."""
    return hashlib.sha256(canonical_plain(plain)).hexdigest()


def storable_dtype(array: np.ndarray) -> np.dtype[Any]:
    """The little-endian form of the array's dtype.

    Raises TypeError unless it is bool, an integer of 8 to 64 bits, or float16, float32 or float64.
    """
    import numpy as np

    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected a NumPy array, not {type(array).__name__}")
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(
            f"arrays of dtype {array.dtype} cannot be stored; allowed are bool, int, uint and float16 to 64"
        )
    return array.dtype.newbyteorder("<")


def array_digest(array: np.ndarray) -> str:
    """SHA-256 over dtype, shape and little-endian C-order bytes of ``array``, 64 hexadecimal digits.

    Memory layout and byte order are encodings, not content, and do not matter; NaN payloads and the sign of zero do.
    Works in blocks: nothing is copied of a C-ordered little-endian array, a few megabytes of others. Raises TypeError
    for dtypes that cannot be stored, see `storable_dtype`.
    """
    dtype = storable_dtype(array)
    # The header ends at the first newline, so no two (dtype, shape, bytes) give the hash the same input.
    result = hashlib.sha256(canonical_json({"dtype": dtype.name, "shape": array.shape}) + b"\n")
    for block in _blocks(array, dtype):
        result.update(block.data)
    return result.hexdigest()


def array_checksum(array: np.ndarray) -> int:
    """CRC-32C over the little-endian C-order bytes of ``array``: ten times as fast as `array_digest`, and enough
    to find accidents.
    """
    result = 0
    for block in _blocks(array, storable_dtype(array)):
        result = google_crc32c.extend(result, block)
    return result


def _blocks(array: np.ndarray, dtype: np.dtype[Any]) -> Iterator[np.ndarray]:
    import numpy as np

    blocks = np.nditer(  # type: ignore[call-overload]  # NumPy's stubs do not know "contig"
        array,
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_flags=[["readonly", "contig"]],
        op_dtypes=[dtype],
        order="C",
        casting="equiv",
        buffersize=_HASH_BLOCK_ELEMENTS,
    )
    for block in blocks:
        yield block.view(np.uint8)
