"""Several corpora of one task: each has runs of its own, and its faults are told by its own key."""

from pathlib import Path

import pytest
import torch

from hyperforget.errors import UserError
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from tests.stages.tiny_pipeline import TASK, assemble, collect, run

pytestmark = pytest.mark.pipeline


def starts(results: Path, corpus: str, shard: int) -> torch.Tensor:
    """The random starts (R, P) of a shard's runs."""
    token = read_token(results / TASK / corpus / f"shard-{shard}.json", kind="segment")
    return torch.from_numpy(Store(results / "store").read(token.object_id, ["theta"]).arrays["theta"][:, 0])


def test_a_further_corpus_has_other_runs_whatever_its_settings(copied: Path) -> None:
    for shard in range(2):
        run(collect(copied, shard, "corpus-again"))
    run(collect(copied, 0, "corpus-ends"))
    drawn = [starts(copied, *shard) for shard in (("corpus", 0), ("corpus", 1), ("corpus-again", 0))]
    drawn += [starts(copied, "corpus-again", 1), starts(copied, "corpus-ends", 0)]
    together = torch.cat(drawn)
    assert len(together.unique(dim=0)) == len(together) == 100

    run(assemble(copied, "corpus-again"))
    main, again = (read_token(copied / TASK / f"{name}.json", kind="corpus") for name in ("corpus", "corpus-again"))
    assert main.object_id != again.object_id
    assert (main.summary["corpus"], again.summary["corpus"]) == ("corpus", "corpus-again")
    assert (copied / TASK / "corpus-again-classes.csv").is_file()


def test_a_further_corpus_that_is_too_small_is_told_by_its_key(copied: Path) -> None:
    for shard in range(2):
        run(collect(copied, shard, "corpus-ends", review_schedule="ends"))
    with pytest.raises(UserError, match=r"^tasks\.digits-4\.corpora\.ends: only \d+ of 40 runs"):
        run(assemble(copied, "corpus-ends", minimum_runs=40))
    assert not (copied / TASK / "corpus-ends.json").exists()
