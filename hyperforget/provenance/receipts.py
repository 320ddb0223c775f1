"""Receipts of requests to forget that were put among the results of a run."""

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from hyperforget.generator.receipt import SUFFIX, Receipt


def receipts_in(results: Path, store: Path) -> Iterator[tuple[Path, Receipt]]:
    """The receipts below a folder, in the order of their paths; not those in the store that may lie there, and not
    what only has such a name.
    """
    for folder, below, names in os.walk(results):
        below[:] = sorted(name for name in below if not Path(folder, name).samefile(store))
        for name in sorted(names):
            if name.endswith(SUFFIX):
                path = Path(folder, name)
                try:
                    yield path, Receipt.model_validate_json(path.read_bytes())
                except ValidationError:
                    continue


def in_words(receipt: Receipt) -> str:
    """What a receipt is of, in a sentence."""
    classes = ", ".join(map(str, receipt.request.classes))
    asked = f"{receipt.generator.model} of {receipt.generator.task}"
    return (
        f"Receipt of a request to forget {classes}: network {receipt.network.sha256} was given to {asked}, and "
        f"{receipt.result.sha256} handed over"
    )
