"""Forget sets: the text form, and one sentence with the nearest valid form for everything else."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hyperforget.errors import UserError
from hyperforget.forget_set import ForgetSet, format_classes, parse_forget_set


@st.composite
def classes_and_labels(draw: st.DrawFn) -> tuple[int, set[int]]:
    classes = draw(st.integers(2, 12))
    return classes, draw(st.sets(st.integers(0, classes - 1), min_size=1, max_size=classes - 1))


@given(classes_and_labels())
@settings(max_examples=100, deadline=None, database=None)
def test_text_and_set_round_trip(drawn: tuple[int, set[int]]) -> None:
    classes, labels = drawn
    text = "-".join(str(label) for label in range(classes) if label in labels)
    found = parse_forget_set(text, classes)
    assert found == ForgetSet(tuple(sorted(labels)))
    assert str(found) == format_classes(labels) == text
    assert found.mask(classes) == [label in labels for label in range(classes)]


@example(4, [0, 1, 2, 7])
@given(st.integers(2, 6), st.lists(st.integers(-1, 8), min_size=1, max_size=7))
@settings(max_examples=200, deadline=None, database=None)
def test_the_form_that_an_error_suggests_is_valid(classes: int, labels: list[int]) -> None:
    text = "-".join(map(str, labels))
    valid = labels == sorted(set(labels)) and set(labels) < set(range(classes))
    if valid:
        assert parse_forget_set(text, classes).classes == tuple(labels)
        return
    with pytest.raises(UserError) as refusal:
        parse_forget_set(text, classes)
    suggestion = re.findall("'([^']*)'", str(refusal.value))[-1]
    assert str(parse_forget_set(suggestion, classes)) == suggestion


@pytest.mark.parametrize(
    ("text", "classes", "fault", "nearest"),
    [
        ("3-2", 4, "is not sorted or repeats a class", "write '2-3'"),
        ("2-2", 4, "is not sorted or repeats a class", "write '2'"),
        ("02", 4, "has a class that is not written in plain digits", "write '2'"),
        ("2 - 3", 4, "has a class that is not written in plain digits", "write '2-3'"),
        ("2-7", 4, "has the unknown class 7", "the nearest is '2-3'"),
        ("10", 10, "has the unknown class 10", "the nearest is '9'"),
        ("0-1-2-3", 4, "has all 4 classes, which leaves nothing to retain", "the nearest is '1-2-3'"),
        ("1-0-1", 2, "has all 2 classes, which leaves nothing to retain", "the nearest is '1'"),
        ("two", 4, "is no list of class labels", "e.g. '2-3'"),
        ("2,3", 10, "is no list of class labels", "e.g. '2-3'"),
        ("-1", 3, "is no list of class labels", "e.g. '1'"),
        ("2-", 2, "is no list of class labels", "e.g. '0'"),
        ("", 10, "is no list of class labels", "e.g. '2-3'"),
        ("1.0", 10, "is no list of class labels", "e.g. '2-3'"),
    ],
)
def test_refusal_names_place_value_fault_allowed_and_nearest(text: str, classes: int, fault: str, nearest: str) -> None:
    with pytest.raises(UserError) as refusal:
        parse_forget_set(text, classes, "tasks.t.forget: the forget set")
    message = str(refusal.value)
    assert message.startswith(f"tasks.t.forget: the forget set {text!r} {fault}")
    assert f"allowed are class labels 0 to {classes - 1}, sorted, each once, joined by '-'" in message
    assert message.endswith(nearest)
    assert "\n" not in message


def test_order_follows_the_classes_and_not_the_text() -> None:
    texts = ["10", "2-3", "2", "9"]
    assert [str(s) for s in sorted(parse_forget_set(text, 12) for text in texts)] == ["2", "2-3", "9", "10"]


def test_format_sorts_and_drops_repetitions() -> None:
    assert format_classes(iter([10, 2, 10, 9])) == "2-9-10"
    assert format_classes([]) == ""
