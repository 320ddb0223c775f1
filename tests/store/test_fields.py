"""Documents with right checksums and other fields than they should have: one sentence, whatever is in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hyperforget.store.canonical import digest
from hyperforget.store.computations import computation_place, read_records
from hyperforget.store.documents import COPIES, decode_at, decode_document, encode_at, encode_document
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.fields import Count, Digest, Time, read_fields
from hyperforget.store.manifest import decode
from hyperforget.store.tags import list_tags
from hyperforget.store.verification import verify
from hyperforget.store.versions import read_log
from tests.store.conftest import Run

ID = "ab" * 32


@dataclass(frozen=True)
class Part:
    """A part of what these tests read."""

    sha256: Digest


@dataclass(frozen=True)
class Whole:
    """What these tests read."""

    name: str
    size: Count
    share: float
    time: Time
    parts: tuple[Part, ...]
    by_name: Mapping[str, Part]
    maybe: tuple[str, ...] | None
    rest: Any


GOOD: dict[str, Any] = {
    "name": "ä", "size": 3, "share": 1, "time": "2026-01-01T00:00:00+00:00", "parts": [{"sha256": ID}],
    "by_name": {"x": {"sha256": ID}}, "maybe": None, "rest": [1, {}],
}  # fmt: skip


def test_fields_are_what_their_annotations_say() -> None:
    expected = Whole("ä", 3, 1, GOOD["time"], (Part(ID),), {"x": Part(ID)}, None, [1, {}])
    assert read_fields(Whole, GOOD) == expected
    assert read_fields(Whole, {**GOOD, "maybe": ["a"]}).maybe == ("a",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": 1}, "has name 1, which is not text"),
        ({"name": None}, "has name None, which is not text"),
        ({"size": "3"}, "has size '3', which is not a whole number"),
        ({"size": True}, "has size True, which is not a whole number"),
        ({"size": 3.5}, "has size 3.5, which is not a whole number"),
        ({"size": -1}, "has size -1, which is not a whole number from 0"),
        ({"share": "x"}, "has share 'x', which is not a number"),
        ({"time": "\x1b[2J"}, "has time '\\\\x1b[2J', which is not a time in ISO 8601"),
        ({"parts": {}}, "has parts a dict, which is not a list"),
        ({"parts": [{"sha256": "../x"}]}, "has parts[0].sha256 '../x', which is not 64 lower-case hexadecimal digits"),
        ({"parts": [3]}, "has parts[0] 3, which is not an object with named fields"),
        ({"by_name": {"a\n": {}}}, "has no by_name.a\\n.sha256"),
        ({"maybe": [1]}, "has maybe[0] 1, which is not text"),
        ({"more": 1}, "has more, which does not belong there"),
        ({"m" * 5000: 1}, f"has {'m' * 57}..., which does not belong there"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=r"^has ") as refused:
        read_fields(Whole, {**GOOD, **change})
    assert str(refused.value) == told.replace("\\\\", "\\")
    with pytest.raises(ValueError, match=r"^has no size$"):
        read_fields(Whole, {name: value for name, value in GOOD.items() if name != "size"})


@pytest.mark.parametrize(
    ("place", "change", "told"),
    [
        ("tags/paper.json", {"version_id": "x"}, "has version_id 'x', which is not 64"),
        ("tags/paper.json", {"name": "other"}, "is tag other"),
        ("log/00000001.json", {"number": 2}, "is entry 2"),
        ("log/00000001.json", {"time": "yesterday"}, "has time 'yesterday', which is not a time"),
        ("recipe", {"outputs": {"a": {"path": "a", "sha256": "x", "size": 1}}}, "has outputs.a.sha256 'x', which is"),
        ("recipe", {"provenance": {"seconds": "long"}}, "has seconds 'long', which is not a number"),
        ("recipe", {"objects": None}, "has objects None, which is not a list"),
    ],
)
def test_a_document_with_wrong_fields_is_found_and_refused(
    run: Run, place: str, change: dict[str, Any], told: str
) -> None:
    place = computation_place(run.computations["table"].id) if place == "recipe" else place
    for root in (run.root, run.root / COPIES):
        body = decode_at(place, (root / place).read_bytes())
        (root / place).write_bytes(encode_at(place, {**body, **change}))
    assert [told in finding.problem for finding in verify(run.store, 0)] == [True, True]

    def read_all() -> None:
        list_tags(run.store)
        read_log(run.store)
        list(read_records(run.store))

    with pytest.raises(CorruptObjectError, match=r"; put .* in its place") as refused:
        read_all()
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "corpse"}, "has content.kind 'corpse', which is not one of dataset"),
        ({"attributes": []}, "has content.attributes a list"),
        ({"arrays": {"//etc": None}}, "has content.arrays.//etc None"),
        ({"schema": "1"}, "has no content of a schema"),
    ],
)
def test_a_manifest_with_wrong_fields_is_refused(run: Run, change: dict[str, Any], told: str, tmp_path: Path) -> None:
    body = decode_document((run.store.object_folder(run.objects["networks"]) / "object.json").read_bytes())
    body["content"] = {**body["content"], **change}
    with pytest.raises(ValueError, match=f"^object.json {told}"):
        decode(encode_document(body), digest(body["content"]))


@pytest.mark.parametrize("name", ["//etc", "../x", "a/b", "zarr.json", "", "\x1b"])
def test_an_array_has_the_name_of_no_other_place(run: Run, name: str) -> None:
    body = decode_document((run.store.object_folder(run.objects["networks"]) / "object.json").read_bytes())
    body["content"]["arrays"][name] = body["content"]["arrays"]["params"]
    with pytest.raises(ValueError, match=r"names an array .*, which no networks object can have"):
        decode(encode_document(body), digest(body["content"]))


def test_segments_of_a_corpus_are_ids(run: Run) -> None:
    body = decode_document((run.store.object_folder(run.objects["corpus"]) / "object.json").read_bytes())
    wrong: list[Any] = ["x", 3, ["../x"], [[]], {"a": ID}]
    for segments in wrong:
        body["content"]["attributes"]["segments"] = segments
        with pytest.raises(ValueError, match=r"^object\.json has segments"):
            decode(encode_document(body), digest(body["content"]))
