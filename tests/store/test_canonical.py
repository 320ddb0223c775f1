"""Canonical JSON against the examples of RFC 8785, digests against hashlib."""

import enum
import hashlib
import json

import numpy as np
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperforget.store.canonical import array_digest, canonical_json, digest, json_value, plain_json, readable_json

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


class Color(enum.StrEnum):
    RED = "red"


def test_example_of_rfc_8785_section_3_2_2() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical_json(value) == expected.encode()


def test_keys_are_sorted_by_utf_16_code_units_as_in_rfc_8785_section_3_2_3() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = json.loads(canonical_json(dict.fromkeys(keys)))
    assert list(ordered) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


@given(JSON)
@settings(max_examples=100, deadline=None, database=None)
def test_readable_json_says_the_same_and_is_a_fixed_point(value: object) -> None:
    text = readable_json(value)
    assert canonical_json(json.loads(text)) == canonical_json(value)
    assert readable_json(json.loads(text)) == text
    assert json_value(value) == value


@given(JSON)
@settings(max_examples=300, deadline=None, database=None)
def test_what_is_written_is_what_json_and_rfc8785_write(value: object) -> None:
    plain = json_value(value)
    assert canonical_json(value) == rfc8785.dumps(plain)
    indented = json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    assert readable_json(value) == indented.encode() + b"\n"


@pytest.mark.parametrize("number", [1e16, 1e-5, 1e-7, 2.0**53 + 2, 1e21, 1e300, 5e-324, -0.1, 123456789.5])
def test_numbers_are_written_as_rfc8785_writes_them(number: float) -> None:
    assert canonical_json([number]) == rfc8785.dumps([number])


def test_one_content_has_one_form() -> None:
    assert canonical_json({"a": 1.0, "b": (1, -0.0)}) == canonical_json({"b": [1, 0], "a": 1}) == b'{"a":1,"b":[1,0]}'
    assert readable_json({"b": 1.0, "a": ()}) == b'{\n  "a": [],\n  "b": 1\n}\n'
    assert canonical_json([Color.RED, np.float64(0.5)]) == b'["red",0.5]'
    assert digest({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ({"a": {"loss": [0.5, float("nan")]}}, ValueError, r"value\.a\.loss\[1\]: nan"),
        ([float("-inf")], ValueError, r"value\[0\]: -inf"),
        ({"seed": 2**53}, ValueError, r"value\.seed: integer 9007199254740992"),
        ({"n": np.int64(3)}, TypeError, r"value\.n: int64"),
        ({"n": np.zeros(2)}, TypeError, r"value\.n: ndarray"),
        ({"n": np.float32(1)}, TypeError, r"value\.n: float32"),
        ({1: "a"}, TypeError, "key 1 is int"),
        ({"a": {3, 4}}, TypeError, r"value\.a: set"),
        ({"a": b"x"}, TypeError, r"value\.a: bytes"),
        ({"a": "\ud800"}, ValueError, r"value\.a: .*surrogate"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_place(value: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        canonical_json(value)


@pytest.mark.parametrize("dtype", ["?", "<i1", "<u2", "<i4", "<u8", "<f2", "<f4", "<f8"])
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (7,), (3, 4, 5)])
def test_array_digest_is_sha256_of_header_and_bytes_in_any_layout(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    header = json.dumps({"dtype": array.dtype.name, "shape": shape}, separators=(",", ":")).encode() + b"\n"
    expected = hashlib.sha256(header + array.tobytes()).hexdigest()
    wide = np.repeat(array, 2, axis=-1)[..., ::2] if shape else array
    reverse = array.T.copy(order="C").T
    for same in (array, reverse, wide, array.astype(array.dtype.newbyteorder(">"))):
        assert array_digest(same) == expected


def test_array_digest_of_more_than_one_block() -> None:
    array = np.arange(3 * 700_001, dtype=np.float32).reshape(3, 700_001)
    header = b'{"dtype":"float32","shape":[3,700001]}\n'
    expected = hashlib.sha256(header + array.tobytes()).hexdigest()
    assert array_digest(array) == array_digest(np.asfortranarray(array)) == expected


def test_array_digest_tells_contents_apart() -> None:
    zeros = np.zeros((2, 3), np.float32)
    others = [zeros.reshape(3, 2), zeros.astype(np.int32), -zeros, zeros[:1], np.zeros(6, np.float32)]
    assert len({array_digest(array) for array in [zeros, *others]}) == 6


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.zeros(1, complex), np.zeros(1, np.longdouble)])
def test_array_digest_refuses_dtypes_that_no_object_holds(array: np.ndarray) -> None:
    with pytest.raises(TypeError, match=f"{array.dtype}.*allowed"):
        array_digest(array)


def test_array_digest_refuses_lists() -> None:
    with pytest.raises(TypeError, match="not list"):
        array_digest([1.0])  # type: ignore[arg-type]


@given(JSON)
def test_what_was_written_is_read_in_plain_types(value: object) -> None:
    found = plain_json(readable_json(value))
    assert found == json_value(value)
    assert repr(found) == repr(json_value(json.loads(readable_json(value))))


NEVER_WRITTEN = ["NaN", "[-Infinity]", "1.0", "-0.0", "1e400", f"{2**53}", "-" + "9" * 5000, "[1", "\ufeff1", "\udc80"]


@pytest.mark.parametrize("text", NEVER_WRITTEN, ids=range(len(NEVER_WRITTEN)))
def test_bytes_that_are_never_written_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"form|beyond|fraction|line 1|decode"):
        plain_json(text.encode("utf-8", "surrogateescape"))
