"""Tags never move; what they name comes back byte for byte."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hyperforget.errors import UserError
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.tags import checkout, delete_tag, list_tags, read_tag, tag
from hyperforget.store.verification import verify
from hyperforget.store.versions import read_version, snapshot
from tests.store.conftest import Run


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def other_version(run: Run) -> str:
    (run.results / "metrics.csv").write_text("other")
    return snapshot(run.store, run.results).id


def test_a_tag_is_given_once(run: Run) -> None:
    given = read_tag(run.store, "paper")
    assert given.version_id == run.version_id
    assert tag(run.store, "paper", run.version_id) == given
    other = other_version(run)
    with pytest.raises(UserError, match=f"is version {run.version_id} already, not {other}; .* another"):
        tag(run.store, "paper", other)
    assert read_tag(run.store, "paper") == given
    tag(run.store, "v1.0", other)
    assert [(each.name, each.version_id) for each in list_tags(run.store)] == [
        ("paper", run.version_id),
        ("v1.0", other),
    ]


def test_of_many_that_give_one_name_one_succeeds(run: Run) -> None:
    versions = [run.version_id, other_version(run)]

    def give(index: int) -> bool:
        try:
            return tag(run.store, "new", versions[index % 2]).version_id == versions[index % 2]
        except UserError:
            return False

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(give, range(8)))
    winner = versions.index(read_tag(run.store, "new").version_id)
    assert given == [index % 2 == winner for index in range(8)]


def test_unknown_unfit_and_damaged_tags_are_named(run: Run) -> None:
    with pytest.raises(UserError, match="has no tag 'papers'; known are paper; did you mean 'paper'"):
        read_tag(run.store, "papers")
    for name in ("", "../x", "a/b", ".x", "x" * 101, "a b"):
        with pytest.raises(UserError, match="is unfit: use up to 100 letters"):
            tag(run.store, name, run.version_id)
    with pytest.raises(MissingObjectError):
        tag(run.store, "new", "0" * 64)
    (run.root / "tags/paper.json").write_text("{}")
    for use in (lambda: read_tag(run.store, "paper"), lambda: list_tags(run.store)):
        with pytest.raises(CorruptObjectError, match=r"paper\.json is not what was written"):
            use()


def test_a_deleted_tag_is_gone_and_its_name_free(run: Run) -> None:
    delete_tag(run.store, "paper")
    assert list_tags(run.store) == []
    assert verify(run.store) == []
    with pytest.raises(UserError, match="has no tag 'paper'; it has none"):
        delete_tag(run.store, "paper")
    assert tag(run.store, "paper", other_version(run)).name == "paper"
    (run.root / "tags" / "paper.json").unlink()
    delete_tag(run.store, "paper")
    assert list_tags(run.store) == []


def test_checkout_restores_all_files_and_leaves_others(run: Run) -> None:
    before = contents(run.results)
    other = other_version(run)
    (run.results / "report.html").unlink()
    (run.results / "digits-4" / "extra.csv").write_text("mine")
    checkout(run.store, run.version_id, run.results)
    assert contents(run.results) == {**before, "digits-4/extra.csv": b"mine"}
    version = checkout(run.store, other, run.results.parent / "elsewhere")
    assert contents(run.results.parent / "elsewhere").keys() == {file.path for file in version.files}
    assert (run.results.parent / "elsewhere" / "metrics.csv").read_bytes() == b"other"
    times = {(run.results.parent / "elsewhere" / file.path).stat().st_mtime_ns for file in version.files}
    assert len(times) == 1


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"damaged")])
def test_an_incomplete_version_is_not_checked_out_in_part(run: Run, damage: object) -> None:
    version = read_version(run.store, run.version_id)
    damage(run.store.blob_path(version.files[-1].sha256))  # type: ignore[operator]
    with pytest.raises((MissingObjectError, CorruptObjectError), match=version.files[-1].sha256):
        checkout(run.store, run.version_id, run.results.parent / "elsewhere")
    assert not (run.results.parent / "elsewhere").exists()


def test_a_store_that_cannot_be_written_is_told_before_anything_is_put_there(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(run.root)
    (run.results / "metrics.csv").write_text("other")
    monkeypatch.setattr("hyperforget.store.places.can_write", lambda folder: folder.name != "blobs")
    with pytest.raises(
        UserError, match=r"^store .* cannot be written \(.*blobs: Permission denied\); make room or give"
    ):
        snapshot(run.store, run.results)
    assert contents(run.root) == before
    assert read_tag(run.store, "paper").version_id == run.version_id
