"""Sets of OpenML: downloaded by scikit-learn once, and kept as an .npz file, which may also be put there by hand."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from hyperforget.config import DatasetConfig
from hyperforget.config.data_folder import data_folder
from hyperforget.config.raw_files import OpenmlSet, openml_set
from hyperforget.data.downloading import WantedFiles, provide
from hyperforget.data.npz import read_npz
from hyperforget.data.raw_images import RawImages
from hyperforget.errors import UserError
from hyperforget.store.files import replace_file


def load_openml(config: DatasetConfig) -> RawImages:
    """A set of OpenML, from its file in ``root``, which is downloaded where that is allowed.

    Raises `UserError` for a name that is not known, and for a file that is not there or does not hold the set.
    """
    known, root = openml_set(config.name), data_folder(config.root)
    where = f"dataset.root {str(root)!r} does not give {config.name}"
    path = root / known.file
    provide(WantedFiles(config.name, root, (known.file,), config.download, where), lambda: _download(known, path))
    raw = read_npz(path, f"{where}: the file {known.file!r}")
    if raw.shape != known.image:
        raise UserError(f"{where}: the file {known.file!r} has images of shape {raw.shape}; allowed is {known.image}")
    return raw


def _download(known: OpenmlSet, path: Path) -> None:
    from sklearn import datasets

    found = datasets.fetch_openml(known.dataset, version=known.version, cache=False, as_frame=False, parser="liac-arff")
    images, labels = arrays_of(known, found.data, found.target)
    content = io.BytesIO()
    np.savez_compressed(content, images=images, labels=labels)
    replace_file(path, content.getvalue())


def arrays_of(known: OpenmlSet, features: Any, names: Any) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (B, height, width) and labels int64 (B,) of features (B, D) and names of classes (B,).

    Features are multiplied by the set's factor; a label is the place of a name among all names in alphabetical order.
    Raises ValueError for features that are no whole numbers, or lie outside of 0 to 255 then.
    """
    scaled = np.asarray(features, float) * known.factor
    images = scaled.astype(np.uint8)
    if not np.array_equal(images, scaled):
        raise ValueError(f"features are not whole numbers from 0 to {255 // known.factor}")
    labels = np.unique(np.asarray(names).astype(str), return_inverse=True)[1]
    return images.reshape(-1, *known.image[:2]), labels.astype(np.int64)
