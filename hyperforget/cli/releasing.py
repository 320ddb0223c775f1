"""``hyperforget release``: what a run made, for others."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hyperforget.cli.options import RESULTS, STORE, Json, Results, Store, print_result


def release(
    folder: Annotated[Path, typer.Argument(help="A new folder, or an empty one.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a release that is there.")] = False,
    results: Results = RESULTS,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Make a folder for others of what a run made: generators, corpora, and its store as a bucket to pull from.

    Its README.md tells whoever has no more than it and this package how to go on. The results are kept in the store
    under a tag that tells their content. Needs 'pip install obstore pyarrow'.
    """
    from hyperforget.release.making import make_release

    made = make_release(store, results, folder, overwrite)
    generators, corpora = len(made.generators), len(made.corpora)
    text = (
        f"wrote {made.folder}: {generators} generator{'s' * (generators > 1)}, {corpora} "
        f"{'corpora' if corpora > 1 else 'corpus'}, and the results as {made.tag}; {made.files} files, "
        f"{made.bytes / 1e6:.1f} MB. {made.folder}/README.md tells how to use them"
    )
    print_result(asdict(made), as_json, text)
