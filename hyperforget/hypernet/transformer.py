"""A transformer encoder in the shape of GPT-2 (pre-norm blocks, GELU) without a causal mask."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hyperforget.config.models import ArchitectureConfig
from hyperforget.hypernet.recomputing import KEPT_BY_BLOCK, apply_module, are_too_many
from hyperforget.hypernet.relational_tokens import EdgeBlock
from hyperforget.hypernet.tokens import TOKENS
from hyperforget.networks.graph import Graph, graph_of
from hyperforget.networks.layout import Layout

_FEW_TOKENS = 64


# By name, what torch calls the approximation.
GELUS = {"gelu": "none", "gelu-tanh": "tanh"}


class Block(nn.Module):
    """Self-attention, then a two-layer perceptron, each with layer norm before and a residual around it."""

    def __init__(self, width: int, heads: int, activation: str) -> None:
        super().__init__()
        self.approximate = GELUS[activation]
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_output = nn.Linear(width, width)
        self.perceptron_norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, 4 * width)
        self.contract = nn.Linear(4 * width, width)

    def initialise(self, residuals: int) -> None:
        """GPT-2's initialisation: deviation 0.02, less for layers that end in one of ``residuals`` sums."""
        for layer in (self.query_key_value, self.attention_output, self.expand, self.contract):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)
        for layer in (self.attention_output, self.contract):
            nn.init.normal_(layer.weight, std=0.02 / residuals**0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attend(self.attention_norm(tokens))  # (B, S, d)
        hidden = F.gelu(self.expand(self.perceptron_norm(tokens)), approximate=self.approximate)  # (B, S, 4 * d)
        tokens = tokens + self.contract(hidden)  # (B, S, d)
        return tokens

    def attend(self, tokens: Tensor) -> Tensor:
        """Multi-head self-attention of every token (B, S, d) to every token."""
        separate = self.query_key_value(tokens).unflatten(2, (3, self.heads, -1))  # (B, S, 3, heads, d / heads)
        query, key, value = separate.permute(2, 0, 3, 1, 4)  # (B, heads, S, d / heads) each
        # Plain products of few tokens take processors half the time.
        mix = plain_attention if tokens.shape[1] <= _FEW_TOKENS else F.scaled_dot_product_attention
        mixed = mix(query, key, value)  # (B, heads, S, d / heads)
        attended: Tensor = self.attention_output(mixed.transpose(1, 2).flatten(2))  # (B, S, d)
        return attended


def plain_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """What `torch.nn.functional.scaled_dot_product_attention` gives for (B, heads, S, d / heads), operation by
    operation.
    """
    scores: Tensor = query @ key.transpose(2, 3) / query.shape[-1] ** 0.5  # (B, heads, S, S)
    return scores.softmax(dim=-1).to(value.dtype) @ value


class Blocks(nn.ModuleList):
    """Blocks one after another, each of which keeps the shape of its values.

    With ``recompute``, activations are computed again in the backward pass instead of being kept (Chen et al., 2016).
    """

    def __init__(self, blocks: Iterable[nn.Module]) -> None:
        super().__init__(blocks)
        self.recompute = False

    def forward(self, values: Tensor) -> Tensor:
        for block in self:
            values = self.apply_block(block, values)
        return values

    def apply_block(self, block: nn.Module, *values: Tensor, again: bool = False) -> Any:
        """What a block gives for some values; ``again`` recomputes whatever is told of all blocks."""
        return apply_module(block, *values, again=again or self.recompute)


def recompute_activations(model: nn.Module, recompute: bool) -> None:
    """Tell all blocks of a model whether to compute activations again instead of keeping them."""
    for module in model.modules():
        if isinstance(module, Blocks):
            module.recompute = recompute


class Transformer(nn.Module):
    """The blocks of an architecture and a last layer norm over tokens (B, S, d).

    Before each, units exchange messages along the edges of a ``graph``, if it has any.
    """

    def __init__(self, architecture: ArchitectureConfig, graph: Graph | None = None) -> None:
        super().__init__()
        width, layers = architecture.width, architecture.layers
        blocks = [Block(width, architecture.heads, architecture.activation) for _ in range(layers)]
        self.blocks = Blocks(blocks)
        self.norm = nn.LayerNorm(width)
        for block in blocks:
            block.initialise(residuals=2 * layers)
        self.edge_blocks = Blocks(EdgeBlock(graph, width) for _ in range(layers)) if graph and graph.edges else None

    def forward(self, tokens: Tensor, edges: Sequence[Tensor] = ()) -> tuple[Tensor, Sequence[Tensor]]:
        if self.edge_blocks is None:
            return self.norm(self.blocks(tokens)), edges
        again = are_too_many(KEPT_BY_BLOCK * len(self.blocks), sum(math.prod(each.shape[:3]) for each in edges))
        for edge_block, block in zip(self.edge_blocks, self.blocks, strict=True):
            tokens, *edges = self.edge_blocks.apply_block(edge_block, tokens, *edges, again=again)
            tokens = self.blocks.apply_block(block, tokens)
        return self.norm(tokens), edges


class TokenTransformer(nn.Module):
    """A transformer on tokens (thesis, section 3.3.2)."""

    def __init__(self, layout: Layout, architecture: ArchitectureConfig, vectors: int, scalars: int) -> None:
        super().__init__()
        width = architecture.width
        encoded = 2 * architecture.frequencies + 1
        self.is_joint = architecture.prompt == "joint"
        self.tokens = TOKENS[architecture.tokens](layout, width, vectors)
        prompt = JointPrompt if self.is_joint else SeparatePrompt
        self.read_prompt = prompt(scalars, encoded, width)
        graph = graph_of(layout) if architecture.tokens == "units" else None
        self.transformer = Transformer(architecture, graph)

    def forward(self, vectors: list[Tensor], encoded: Tensor) -> Tensor:
        tokens, edges = self.tokens.encode(vectors)  # (B, S, d)
        prompt = self.read_prompt(encoded)  # (B, 1, d) of a joint prompt, else (B, scalars, d)
        if self.is_joint:
            tokens = tokens + prompt
        outputs, edges = self.transformer(torch.cat([tokens, prompt], dim=1), edges)  # (B, S and the prompt's, d)
        return self.tokens.decode(outputs[:, : tokens.shape[1]], edges)  # (B, P)


class SeparatePrompt(nn.Module):
    """One token a scalar, each with a projection of its own (thesis, section 3.3.2) and a position."""

    def __init__(self, scalars: int, encoded: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(scalars, encoded, width) / encoded**0.5)
        self.bias = nn.Parameter(torch.zeros(scalars, width))

    def forward(self, encoded: Tensor) -> Tensor:
        return torch.einsum("bse,sew->bsw", encoded, self.weight) + self.bias  # (B, scalars, d)


class JointPrompt(nn.Module):
    """One token for the whole prompt, from a two-layer perceptron; also added to every other token."""

    def __init__(self, scalars: int, encoded: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(scalars * encoded, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, encoded: Tensor) -> Tensor:
        projected: Tensor = self.layers(encoded.flatten(1))  # (B, d)
        return projected.unsqueeze(1)  # (B, 1, d)
