"""The folder of a release, made of the results of a run by what exports each of its parts."""

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from hyperforget.collection.export import export_corpus
from hyperforget.collection.parquet import check_parquet
from hyperforget.collection.stored import StoredCorpus, corpora_below
from hyperforget.config.corpora import MAIN_CORPUS
from hyperforget.errors import UserError
from hyperforget.generator.description import Description, read_description
from hyperforget.generator.folder import CARD, CONFIG, WEIGHTS
from hyperforget.generator.loading import generators_below
from hyperforget.release.dataset_card import Exported, dataset_card
from hyperforget.release.readme import readme
from hyperforget.store.files import file_digest
from hyperforget.store.remote import open_bucket, push
from hyperforget.store.store import Store
from hyperforget.store.tags import tag
from hyperforget.store.versions import append_log, read_log, snapshot

CHECKSUMS, README = "SHA256SUMS", "README.md"
GENERATORS, CORPUS, STORE = "generators", "corpus", "store"


@dataclass(frozen=True)
class Released:
    """What a release holds: its generators as ``task/model``, its corpora as the names of their files, the tag under
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
    no generator or no corpus, and without pyarrow and obstore.
    """
    _check_folder(folder, overwrite)
    check_parquet(folder / CORPUS)
    generators = [(path, _description(path)) for path in generators_below(results)]
    corpora = corpora_below(results, store)
    if not (generators and corpora):
        what = "corpus" if generators else "generator"
        raise UserError(f"{results} holds no {what}; make it with 'snakemake {results}/report.html' first")
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.partial")
    try:
        for path, about in generators:
            target = partial / GENERATORS / about.task / about.model
            target.mkdir(parents=True)
            for name in (CARD, CONFIG, WEIGHTS):
                shutil.copyfile(path / name, target / name)
        exported = [_export(corpus, partial / CORPUS) for corpus in corpora]
        (partial / CORPUS / README).write_text(dataset_card(exported), encoding="utf-8")
        kept = _send(store, results, partial / STORE)
        if (results / "report.html").is_file():
            shutil.copyfile(results / "report.html", partial / "report.html")
        (partial / README).write_text(readme([about for _, about in generators], exported, kept), encoding="utf-8")
        files = sorted(path for path in partial.rglob("*") if path.is_file())
        lines = [f"{file_digest(path)}  {path.relative_to(partial).as_posix()}\n" for path in files]
        (partial / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
        size = sum(path.stat().st_size for path in files)
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    names = [f"{about.task}/{about.model}" for _, about in generators]
    return Released(folder.as_posix(), names, [each.file for each in exported], kept, len(files) + 1, size)


def _check_folder(folder: Path, overwrite: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not overwrite:
        raise UserError(f"{folder} is there already; name a new folder, or say --overwrite where it is a release")
    if not (folder / CHECKSUMS).is_file():
        raise UserError(f"{folder} has no {CHECKSUMS}, so it is no release; name a new folder, or an empty one")


def _description(path: Path) -> Description:
    return read_description((path / CONFIG).read_text(encoding="utf-8", errors="replace"), str(path / CONFIG))


def _export(corpus: StoredCorpus, folder: Path) -> Exported:
    task, name = corpus.token.parent.name, corpus.token.stem
    file = f"{task}{name.removeprefix(MAIN_CORPUS)}.parquet"
    rows = export_corpus(corpus, folder / file)
    layout = corpus.layout
    return Exported(file, task, rows, layout.size, layout.description, list(corpus.labels), corpus.measured_on)


def _send(store: Store, results: Path, folder: Path) -> str:
    """Keep results under a tag that tells their content, and send what it needs to a bucket that is a folder."""
    version = snapshot(store, results)
    name = f"release-{version.id[:12]}"
    tag(store, name, version.id)
    if version.id not in {entry.version_id for entry in read_log(store)}:
        append_log(store, version.id, "release")
    folder.mkdir(parents=True)
    push(store, open_bucket(folder.resolve().as_uri()), name)
    return name
