"""The workflow and its configurations, which lie around the package in a checkout, and inside of it once installed.

``setup.py`` reads `PARTS` here and puts them into wheels, so nothing of the package is imported.
"""

from collections.abc import Iterator
from pathlib import Path

# Patterns of what a wheel carries, below the root of a checkout.
PARTS = (
    "Snakefile",
    "constraints.txt",
    "config/*.yaml",
    "config/README.md",
    "envs/hyperforget.yaml",
    "workflow/**/*",
    "profiles/**/*",
)
# Where a wheel has them, below the package.
FOLDER = "shipped"

_PACKAGE = Path(__file__).parents[1]


def workflow_root() -> Path:
    """The folder of the ``Snakefile``, of ``workflow`` and of ``config``.

    Raises FileNotFoundError for a package that came without them.
    """
    for folder in (_PACKAGE / FOLDER, _PACKAGE.parent):
        if (folder / PARTS[0]).is_file() and (folder / "workflow").is_dir():
            return folder
    raise FileNotFoundError(2, "the workflow did not come with this package", str(_PACKAGE / FOLDER))


def main_file() -> Path:
    """The ``Snakefile`` of the working folder, where it was laid out, say; else the one that came with the package."""
    local = Path(PARTS[0])
    return local if local.is_file() else workflow_root() / PARTS[0]


def shipped_files(root: Path) -> Iterator[Path]:
    """Paths below a root of what a wheel carries."""
    for pattern in PARTS:
        yield from (path.relative_to(root) for path in sorted(root.glob(pattern)) if path.is_file())


def shipped_configurations() -> dict[str, Path]:
    """The configurations that come with the workflow, by name."""
    return {path.stem: path for path in sorted((workflow_root() / "config").glob("*.yaml"))}
