"""What training keeps of edges is counted, and bounded, and gradients are the same where it is computed again."""

import pytest
import torch
from torch import Tensor, nn

from hyperforget.config import ArchitectureConfig
from hyperforget.hypernet import recomputing
from hyperforget.hypernet.recomputing import apply_module, edge_bytes, edge_counts
from hyperforget.hypernet.relational_tokens import RelationalTokens
from hyperforget.hypernet.transformer import Transformer
from hyperforget.networks.convolutional import ConvolutionalLayout
from hyperforget.networks.graph import graph_of
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout

# Edges by far outnumber all else.
WIDE = PerceptronLayout((3, 40, 40, 2))
WIDTH, LAYERS, BATCH = 8, 3, 2


class Edges(nn.Module):
    """All of a hypernetwork that has to do with edges."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        torch.manual_seed(0)
        architecture = ArchitectureConfig(width=WIDTH, layers=LAYERS, heads=2)
        self.tokens = RelationalTokens(layout, WIDTH, 1)
        self.transformer = Transformer(architecture, graph_of(layout))
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.2)

    def forward(self, params: Tensor) -> Tensor:
        tokens, edges = self.tokens.encode([params])
        outputs, edges = self.transformer(tokens, list(edges))
        return self.tokens.decode(outputs, edges)


def step(layout: Layout) -> tuple[Tensor, list[Tensor], int]:
    """What it gives, all gradients, and the bytes that are kept in between."""
    model, kept = Edges(layout), {}
    params = torch.randn(BATCH, layout.size, generator=torch.Generator().manual_seed(1))

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        found = model(params)
        size = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    gradients = torch.autograd.grad(found.square().sum(), list(model.parameters()))
    return found, list(gradients), size


@pytest.mark.parametrize("layout", [WIDE, ConvolutionalLayout((3, 3, 1), (4, 5, 6), 3, 1, 2)], ids=str)
def test_gradients_are_the_same_where_edges_are_computed_again(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    found, gradients, _ = step(layout)
    monkeypatch.setattr(recomputing, "MOST_BYTES", 0)
    again, same, _ = step(layout)
    torch.testing.assert_close(again, found, rtol=0, atol=0)
    torch.testing.assert_close(same, gradients)


def test_what_is_kept_is_as_much_as_is_told_and_recomputing_keeps_a_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of(WIDE)
    kept, told = step(WIDE)[2], edge_bytes(graph, BATCH, LAYERS)
    assert told == pytest.approx(kept, rel=0.2)
    monkeypatch.setattr(recomputing, "MOST_BYTES", 0)
    fewer = step(WIDE)[2]
    one = 4 * BATCH * 40 * 40 * recomputing.EDGE_WIDTH
    # Beside what is kept, one block or writer at a time is computed again.
    assert edge_bytes(graph, BATCH, LAYERS) == (LAYERS + recomputing.KEPT_BY_WRITER) * one
    assert (LAYERS + 1) * one < fewer < (LAYERS + 3) * one < kept / 3


def test_a_hundred_and_twenty_eight_units_beside_each_other_stay_within_bounds() -> None:
    wide = graph_of(PerceptronLayout((784, 128, 128, 10)))
    one = 4 * 128 * 128 * 128 * recomputing.EDGE_WIDTH
    assert 4 * recomputing.KEPT_BY_BLOCK * one > recomputing.MOST_BYTES
    assert edge_bytes(wide, 128, 4) == (4 + recomputing.KEPT_BY_WRITER + recomputing.KEPT_BY_BLOCK) * one
    assert edge_bytes(wide, 1, 4) == (4 * recomputing.KEPT_BY_BLOCK + recomputing.KEPT_BY_WRITER) * one // 128
    assert edge_bytes(graph_of(PerceptronLayout((784, 7, 10))), 128, 4) == 0
    assert edge_counts(graph_of(PerceptronLayout((9, 3, 4, 5, 2))), 2) == [24, 40]


def test_nothing_is_computed_again_where_there_is_no_backward_pass() -> None:
    calls = []
    layer = nn.Linear(2, 2)
    layer.register_forward_pre_hook(lambda *given: calls.append(1))
    values = torch.ones(1, 2, requires_grad=True)
    with torch.no_grad():
        apply_module(layer, values, again=True)
    assert len(calls) == 1
    apply_module(layer, values, again=False).sum().backward()
    assert len(calls) == 2
    apply_module(layer, values, again=True).sum().backward()
    assert len(calls) == 4
