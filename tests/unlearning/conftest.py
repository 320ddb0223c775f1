"""The small hypernetworks of the tests of hypernetworks."""

from tests.hypernet.conftest import build, layout

__all__ = ["build", "layout"]
