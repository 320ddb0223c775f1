"""The folder that datasets are downloaded into, for those that check the configuration and those that read images."""

import os
from pathlib import Path

from hyperforget.errors import UserError
from hyperforget.home_folder import expand_home


def data_folder(root: str | None) -> Path:
    """The folder ``root`` of the configuration; without one that of ``HYPERFORGET_DATA``, else ``data``.

    Raises `UserError` as `expand_home` does.
    """
    try:
        return Path(root or expand_home(os.environ.get("HYPERFORGET_DATA") or "data"))
    except UserError as error:
        raise UserError(f"HYPERFORGET_DATA: {error}") from None
