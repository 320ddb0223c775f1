"""A run made by hand, with what a release takes."""

import shutil
from pathlib import Path

import pytest

from hyperforget.generator.folder import write_generator
from hyperforget.generator.generator import Generator
from tests.collection.small_corpus import make_corpus
from tests.generator.conftest import build, generator, layout, make_generator

# Fixtures.
__all__ = ["build", "generator", "layout", "make_generator"]

pytest.importorskip("obstore", reason="no obstore: pip install -e '.[remote]'")
pytest.importorskip("pyarrow", reason="no pyarrow: pip install -e '.[parquet]'")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, generator: Generator) -> Path:
    """Results with a generator, two corpora and a report, to be copied."""
    results = tmp_path_factory.mktemp("release") / "results"
    for name in ("corpus", "corpus-ends"):
        make_corpus(results, "shapes", name)
    write_generator(results / "shapes" / "mine" / "generator", generator)
    (results / "report.html").write_text("<p>a report")
    return results


@pytest.fixture
def results(made: Path, tmp_path: Path) -> Path:
    copy: Path = shutil.copytree(made, tmp_path / "results")
    return copy
