"""The folder of a release, made of the results of a run by what exports each of its parts."""

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from hyperforget.collection.export import export_corpus
from hyperforget.collection.stored import StoredCorpus, corpora_below
from hyperforget.config.corpora import MAIN_CORPUS
from hyperforget.errors import UserError, shown
from hyperforget.generator.folder import CARD, CONFIG, WEIGHTS, read_generator
from hyperforget.generator.loading import generators_below
from hyperforget.release.dataset_card import Exported, dataset_card
from hyperforget.release.readme import readme
from hyperforget.store.archives import expect_pyarrow
from hyperforget.store.files import file_digest, remove
from hyperforget.store.remote import open_bucket, push
from hyperforget.store.store import Store
from hyperforget.store.tags import tag
from hyperforget.store.versions import logged, snapshot

GENERATORS, CORPUS, STORE = "generators", "corpus", "store"
README, CHECKSUMS, REPORT = "README.md", "SHA256SUMS", "report.html"
_ENTRIES = {GENERATORS, CORPUS, STORE, README, CHECKSUMS, REPORT}


@dataclass(frozen=True)
class Released:
    """What a release holds: its generators as ``task/model``, the names of the files of its corpora, the tag under
    which its results are kept, the number of its files and their bytes.
    """

    folder: str
    generators: list[str]
    corpora: list[str]
    tag: str
    files: int
    bytes: int


def make_release(store: Store, results: Path, folder: Path, overwrite: bool = False) -> Released:
    """Make the folder of a release of what a run left, in one step, and keep its results in the store under a tag.

    Raises `UserError` where the folder is there, unless it is a release that may be overwritten, where the results have
    no generator, corpus or report, or a damaged generator, for a store that cannot be written, and without pyarrow or
    obstore.
    """
    _check_folder(folder, results, overwrite)
    expect_pyarrow(folder / CORPUS)
    found = generators_below(results)
    corpora = corpora_below(results, store)
    for there, what in ((found, "generator"), (corpora, "corpus"), ((results / REPORT).is_file(), REPORT)):
        if not there:
            raise UserError(f"folder {results} holds no {what}; run the workflow to the report first")
    generators = {f"{path.parents[1].name}/{path.parents[0].name}": path for path in map(Path.absolute, found)}
    about = {name: read_generator(path).description for name, path in generators.items()}
    target = folder.resolve()
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
    try:
        kept = _send(store, results, partial / STORE)
        for name, path in generators.items():
            (partial / GENERATORS / name).mkdir(parents=True)
            for file in (CARD, CONFIG, WEIGHTS):
                shutil.copyfile(path / file, partial / GENERATORS / name / file)
        exported = [_export(corpus, partial / CORPUS) for corpus in corpora]
        (partial / CORPUS / README).write_text(dataset_card(exported), encoding="utf-8")
        shutil.copyfile(results / REPORT, partial / REPORT)
        (partial / README).write_text(readme(about, exported, kept), encoding="utf-8")
        files = sorted(path for path in partial.rglob("*") if path.is_file())
        lines = [f"{file_digest(path)}  {path.relative_to(partial).as_posix()}\n" for path in files]
        (partial / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
        files.append(partial / CHECKSUMS)
        size = sum(path.stat().st_size for path in files)
        _put(partial, target)
    finally:
        remove(partial)
    return Released(folder.as_posix(), list(generators), [each.file for each in exported], kept, len(files), size)


def _check_folder(folder: Path, results: Path, overwrite: bool) -> None:
    """Raise `UserError` for a folder that cannot become a release without a loss."""
    inner, outer = folder.resolve(), results.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise UserError(f"folder {folder} lies in the results, or holds them; name another one, beside {results}")
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not overwrite:
        raise UserError(f"{folder} is there already; name a new folder, or say --overwrite where it is a release")
    if not (folder / CHECKSUMS).is_file():
        raise UserError(f"{folder} has no {CHECKSUMS}, so it is no release; name a new folder, or an empty one")
    others = sorted(path.name for path in folder.iterdir() if path.name not in _ENTRIES)
    if others:
        raise UserError(f"{folder} also holds {shown(others[0])}, which is no part of a release; move it away first")


def _export(corpus: StoredCorpus, folder: Path) -> Exported:
    task, name = corpus.token.parent.name, corpus.token.stem
    file = f"{task}{name.removeprefix(MAIN_CORPUS)}.parquet"
    rows = export_corpus(corpus, folder / file)
    layout = corpus.layout
    return Exported(file, task, rows, layout.size, layout.description, list(corpus.labels), corpus.measured_on)


def _send(store: Store, results: Path, folder: Path) -> str:
    """Keep results under a tag that tells their content, and send what it needs to a bucket that is a folder."""
    folder.mkdir(parents=True)
    bucket = open_bucket(folder.as_uri())
    version = snapshot(store, results)
    name = f"release-{version.id[:12]}"
    tag(store, name, version.id)
    logged(store, version.id, "release")
    push(store, bucket, name)
    return name


def _put(partial: Path, target: Path) -> None:
    """Have a folder take the place of another, which is there as a whole until then."""
    old = partial.with_name(f"{partial.name}.old")
    if target.exists():
        os.rename(target, old)
    os.rename(partial, target)
    remove(old)
