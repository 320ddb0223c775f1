"""Documents: created once, checked on every reading, and copied."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hyperforget.store.documents import (
    COPIES,
    create_document,
    delete_document,
    list_documents,
    read_document,
    replace_document,
)
from hyperforget.store.errors import CorruptObjectError
from hyperforget.store.store import Store

BODY = {"name": "ä", "rate": 0.5, "none": None, "list": [1, {}]}
PLACE = "tags/a.json"


def as_it_is(place: str, body: dict[str, Any]) -> dict[str, Any]:
    return body


def test_a_document_reads_back_and_has_a_copy(tmp_path: Path) -> None:
    assert read_document(Store(tmp_path), PLACE, as_it_is) is None
    assert create_document(Store(tmp_path), PLACE, BODY)
    assert read_document(Store(tmp_path), PLACE, as_it_is) == BODY
    assert read_document(Store(tmp_path / COPIES), PLACE, as_it_is) == BODY
    assert list_documents(Store(tmp_path), "tags") == [PLACE]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2


def test_of_many_that_create_one_document_one_succeeds(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda n: create_document(Store(tmp_path), PLACE, {"n": n}), range(8)))
    assert created.count(True) == 1
    assert read_document(Store(tmp_path), PLACE, as_it_is) == read_document(Store(tmp_path / COPIES), PLACE, as_it_is)
    assert read_document(Store(tmp_path), PLACE, as_it_is) == {"n": created.index(True)}


def test_creating_the_same_again_restores_a_lost_copy(tmp_path: Path) -> None:
    create_document(Store(tmp_path), PLACE, BODY)
    (tmp_path / COPIES / PLACE).unlink()
    assert not create_document(Store(tmp_path), PLACE, {"other": 1})
    assert not (tmp_path / COPIES / PLACE).exists()
    assert not create_document(Store(tmp_path), PLACE, BODY)
    assert read_document(Store(tmp_path / COPIES), PLACE, as_it_is) == BODY


def test_no_bit_can_flip_and_no_byte_be_lost_unseen(tmp_path: Path) -> None:
    create_document(Store(tmp_path), PLACE, BODY)
    data = (tmp_path / PLACE).read_bytes()
    damaged = [data[:position] for position in range(len(data))]
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 1 << position % 8
        damaged.append(bytes(flipped))
    for each in damaged:
        (tmp_path / PLACE).write_bytes(each)
        with pytest.raises(CorruptObjectError, match=r"is not what was written; put .*copies/tags/a\.json"):
            read_document(Store(tmp_path), PLACE, as_it_is)


def test_a_document_at_the_place_of_another_is_refused(tmp_path: Path) -> None:
    create_document(Store(tmp_path), PLACE, BODY)
    os.rename(tmp_path / PLACE, tmp_path / "tags/b.json")
    with pytest.raises(CorruptObjectError, match=r"b\.json was written at another place"):
        read_document(Store(tmp_path), "tags/b.json", as_it_is)


def test_the_place_of_a_lost_document_is_not_free(tmp_path: Path) -> None:
    create_document(Store(tmp_path), PLACE, BODY)
    (tmp_path / PLACE).unlink()
    assert list_documents(Store(tmp_path), "tags") == [PLACE]
    with pytest.raises(CorruptObjectError, match="was deleted, but not its copy"):
        read_document(Store(tmp_path), PLACE, as_it_is)
    assert not create_document(Store(tmp_path), PLACE, {"other": 1})
    shutil.copy(tmp_path / COPIES / PLACE, tmp_path / PLACE)
    assert read_document(Store(tmp_path), PLACE, as_it_is) == BODY


def test_replacing_and_deleting_take_the_copy_along(tmp_path: Path) -> None:
    create_document(Store(tmp_path), PLACE, BODY)
    (tmp_path / PLACE).write_bytes(b"damaged")
    replace_document(Store(tmp_path), PLACE, {"n": 1})
    assert (
        read_document(Store(tmp_path), PLACE, as_it_is)
        == read_document(Store(tmp_path / COPIES), PLACE, as_it_is)
        == {"n": 1}
    )
    delete_document(Store(tmp_path), PLACE)
    delete_document(Store(tmp_path), PLACE)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
