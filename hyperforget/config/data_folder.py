"""The folder that datasets are downloaded into, for those that check the configuration and those that read images."""

import os
from pathlib import Path


def data_folder(root: str | None) -> Path:
    """The folder ``root`` of the configuration; without one that of ``HYPERFORGET_DATA``, else ``data``."""
    return Path(root or os.environ.get("HYPERFORGET_DATA", "data"))
