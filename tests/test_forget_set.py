"""Forget sets: labels of a dataset as text, their places among outputs, and one sentence for everything else."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hyperforget.errors import UserError
from hyperforget.forget_set import (
    ForgetSet,
    classes_in_words,
    format_classes,
    nearest_class,
    parse_forget_set,
    places_of,
)
from tests.torture import hostile

# The labels of a task's classes, in the order of its outputs.
LABELS = st.lists(st.integers(0, 200), min_size=2, max_size=12, unique=True)


@st.composite
def labels_and_some(draw: st.DrawFn) -> tuple[list[int], set[int]]:
    labels = draw(LABELS)
    return labels, draw(st.sets(st.sampled_from(labels), min_size=1, max_size=len(labels) - 1))


@hostile("forget sets, as they are written", 100)
@example(([3, 5, 7, 9], {9}))
@example(([9, 3, 10], {9, 10}))
@given(labels_and_some())
def test_a_set_is_text_labels_and_places(drawn: tuple[list[int], set[int]]) -> None:
    labels, some = drawn
    text = "-".join(map(str, sorted(some)))
    found = parse_forget_set(text, labels)
    assert found == ForgetSet(tuple(sorted(some)))
    assert str(found) == format_classes(some) == text
    assert found.mask(labels) == [label in some for label in labels]
    places = places_of(found.classes, labels)
    assert list(places) == [place for place, label in enumerate(labels) if label in some]


def test_there_is_no_place_for_what_is_no_class() -> None:
    with pytest.raises(ValueError, match="4"):
        places_of([3, 4], [3, 5])


@hostile("forget sets", 100)
@example([0, 1, 2, 3], [0, 1, 2, 7])
@example([3, 5, 7, 9], [4])
@given(LABELS, st.lists(st.integers(-1, 220), min_size=1, max_size=7))
def test_the_form_that_an_error_suggests_is_valid(labels: list[int], asked: list[int]) -> None:
    text = "-".join(map(str, asked))
    valid = asked == sorted(set(asked)) and set(asked) < set(labels)
    if valid:
        assert parse_forget_set(text, labels).classes == tuple(asked)
        return
    with pytest.raises(UserError) as refusal:
        parse_forget_set(text, labels)
    suggestion = re.findall(r"'([\d-]+)'", str(refusal.value))[-1]
    assert str(parse_forget_set(suggestion, labels)) == suggestion


@pytest.mark.parametrize(
    ("text", "classes", "fault", "nearest"),
    [
        ("3-2", 4, "is not sorted or repeats a class", "write '2-3'"),
        ("2-2", 4, "is not sorted or repeats a class", "write '2'"),
        ("02", 4, "has a class that is not written in plain digits", "write '2'"),
        ("2 - 3", 4, "has a class that is not written in plain digits", "write '2-3'"),
        ("2-7", 4, "class 7 is not one of the task's classes 0 to 3", "the nearest is '2-3'"),
        ("10", 10, "class 10 is not one of the task's classes 0 to 9", "the nearest is '9'"),
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
        parse_forget_set(text, range(classes), "tasks.t.forget: the forget set")
    message = str(refusal.value)
    assert re.match(f"tasks.t.forget: the forget set {re.escape(repr(text))}:? {re.escape(fault)}", message)
    assert f"the task's classes {classes_in_words(range(classes))}" in message
    assert ", sorted, each once, joined by '-', never all" in message
    assert message.endswith(nearest)
    assert "\n" not in message


def test_order_follows_the_classes_and_not_the_text() -> None:
    texts = ["10", "2-3", "2", "9"]
    assert [str(s) for s in sorted(parse_forget_set(text, range(12)) for text in texts)] == ["2", "2-3", "9", "10"]


def test_format_sorts_and_drops_repetitions() -> None:
    assert format_classes(iter([10, 2, 10, 9])) == "2-9-10"
    assert format_classes([]) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "4",
            "forget set '4': class 4 is not one of the task's classes 3, 5, 7, 9; allowed are some of these, sorted, "
            "each once, joined by '-', never all; the nearest is '3'",
        ),
        (
            "0-9",
            "forget set '0-9': class 0 is not one of the task's classes 3, 5, 7, 9; allowed are some of these, sorted, "
            "each once, joined by '-', never all; the nearest is '3-9'",
        ),
        (
            "three",
            "forget set 'three' is no list of class labels: allowed are the task's classes 3, 5, 7, 9, sorted, each "
            "once, joined by '-', never all, e.g. '7-9'",
        ),
    ],
)
def test_messages_speak_of_labels(text: str, message: str) -> None:
    with pytest.raises(UserError) as refusal:
        parse_forget_set(text, [3, 5, 7, 9])
    assert str(refusal.value) == message


def test_classes_without_a_gap_are_named_by_the_first_and_the_last() -> None:
    assert classes_in_words(range(1, 27)) == "1 to 26"
    assert classes_in_words([2, 0, 1]) == "0 to 2"
    assert classes_in_words([3, 4]) == "3, 4"
    assert classes_in_words([9, 3, 5, 7]) == "3, 5, 7, 9"


def test_of_two_classes_that_are_as_near_the_lower_is_the_nearest() -> None:
    assert [nearest_class(label, [9, 5, 3]) for label in (0, 4, 7, 8, 100)] == [3, 3, 5, 9, 9]
