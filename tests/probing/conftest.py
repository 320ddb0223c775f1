"""The small hypernetworks and corpora of the tests of hypernetworks."""

from tests.hypernet.conftest import build, layout, make_corpus

__all__ = ["build", "layout", "make_corpus"]
