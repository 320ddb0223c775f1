"""Tables of how the values of training and of prompts are distributed."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from hyperforget.collection.checkpoints import Corpus
from hyperforget.config import ProbeConfig
from hyperforget.config.performance import Performance
from hyperforget.probing.alignment import Prompted, prompted_values
from hyperforget.probing.distribution import distribution_rows


@pytest.mark.parametrize(
    "told", [Performance("loss", "mean"), Performance(), Performance(also=("discriminability",))], ids=str
)
def test_tables_hold_the_shares_of_training_set_rebalanced_set_and_prompts(
    make_corpus: Callable[..., Corpus], told: Performance
) -> None:
    corpus = make_corpus(200, told=told)
    prompted = prompted_values(told, range(4), pivots=[0])
    rows = distribution_rows(corpus, told, ProbeConfig(range=(0.0, 1.0)), prompted, is_rebalanced=True)
    assert {(row.metric, row.class_, row.role) for row in rows} == {(of.metric, of.class_, of.role) for of in prompted}
    assert len(rows) == 3 * 24 * len(prompted)
    everything = corpus.performance[corpus.admitted()]
    for index, shown in enumerate(prompted):
        values = everything[:, [column for column, of in enumerate(prompted) if of.metric == shown.metric]]
        smallest = 1e-3 if shown.metric == "loss" else -np.inf
        for of in ("train", "rebalanced", "prompts"):
            bins = [row for row in rows if (row.metric, row.class_, row.values) == (shown.metric, shown.class_, of)]
            edges = [bins[0].low, *(row.high for row in bins)]
            assert [row.low for row in bins[1:]] == edges[1:-1]
            assert sum(row.share for row in bins) == pytest.approx(1, abs=1e-6)
            scaled = np.log(edges) if shown.metric == "loss" else np.array(edges)
            np.testing.assert_allclose(np.diff(scaled), (scaled[-1] - scaled[0]) / 24, rtol=1e-3)
            assert edges[0] == pytest.approx(max(smallest, float(values.min())), rel=1e-5)
            assert edges[-1] == pytest.approx(float(values.max()), rel=1e-5)
            if of == "train":
                column = everything[:, index].numpy()
                for row in bins[1:-1]:
                    expected = np.mean((column >= row.low) & (column < row.high))
                    assert row.share == pytest.approx(expected, abs=2.5 / len(column))


def test_shares_of_prompts_are_those_of_evenly_spread_values() -> None:
    generator = torch.Generator().manual_seed(0)
    told = torch.rand(50, 4, 1, generator=generator) ** 4
    corpus = Corpus(torch.zeros(50, 4, 2), told, torch.ones(50, 4, 2, dtype=torch.bool), torch.full((50,), 4))
    performance = Performance("accuracy", "mean")
    rows = distribution_rows(
        corpus, performance, ProbeConfig(range=(0.0, 1.0)), [Prompted("accuracy", "all", "all")], False
    )
    assert {row.values for row in rows} == {"train", "prompts"}
    for row in rows:
        if row.values == "prompts":
            assert row.share == pytest.approx(1 / 24, abs=1e-4)
