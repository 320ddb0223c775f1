"""Tables of how the values of training and of prompts are distributed."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from hyperforget.config import ProbeConfig
from hyperforget.config.performance import Performance
from hyperforget.corpus.checkpoints import Corpus
from hyperforget.probing.alignment import prompted_classes
from hyperforget.probing.distribution import distribution_rows


@pytest.mark.parametrize("conditioning", ["gpt", "dihyfo-2"])
def test_tables_hold_the_shares_of_training_set_rebalanced_set_and_prompts(
    make_corpus: Callable[..., Corpus], conditioning: str
) -> None:
    corpus = make_corpus(200, conditioning=conditioning)
    told = Performance("loss", "mean") if conditioning == "gpt" else Performance()
    prompted = prompted_classes(told, 4, pivots=[0])
    rows = distribution_rows(corpus, told, ProbeConfig(range=(0.0, 1.0)), prompted, is_rebalanced=True)
    assert {(row.class_, row.role) for row in rows} == set(prompted)
    values = corpus.performance[corpus.admitted()]
    for index, (class_, _) in enumerate(prompted):
        for of in ("train", "rebalanced", "prompts"):
            bins = [row for row in rows if (row.class_, row.values) == (class_, of)]
            edges = [bins[0].low, *(row.high for row in bins)]
            assert [row.low for row in bins[1:]] == edges[1:-1]
            assert sum(row.share for row in bins) == pytest.approx(1, abs=1e-6)
            np.testing.assert_allclose(np.diff(np.log(edges)), np.log(edges[-1] / edges[0]) / 24, rtol=1e-3)
            assert edges[0] == pytest.approx(max(1e-3, float(values.min())), rel=1e-5)
            assert edges[-1] == pytest.approx(float(values.max()), rel=1e-5)
            if of == "train":
                column = values[:, index].numpy()
                for row in bins[1:-1]:
                    expected = np.mean((column >= row.low) & (column < row.high))
                    assert row.share == pytest.approx(expected, abs=2.5 / len(column))


def test_shares_of_prompts_are_those_of_evenly_spread_values() -> None:
    generator = torch.Generator().manual_seed(0)
    told = torch.rand(50, 4, 1, generator=generator) ** 4
    corpus = Corpus(torch.zeros(50, 4, 2), told, torch.full((50,), 4))
    performance = Performance("accuracy", "mean")
    rows = distribution_rows(corpus, performance, ProbeConfig(range=(0.0, 1.0)), [("all", "all")], False)
    assert {row.values for row in rows} == {"train", "prompts"}
    for row in rows:
        if row.values == "prompts":
            assert row.share == pytest.approx(1 / 24, abs=1e-4)
