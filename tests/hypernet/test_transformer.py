"""The transformer against torch's own attention, and that it has no causal mask."""

import pytest
import torch
from torch import nn

from hyperforget.config import ArchitectureConfig
from hyperforget.hypernet.transformer import GELUS, Block, Transformer

WIDTH, HEADS = 24, 4


def random_tokens(seed: int = 0, count: int = 7) -> torch.Tensor:
    return torch.randn(3, count, WIDTH, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def transformer() -> Transformer:
    torch.manual_seed(0)
    return Transformer(ArchitectureConfig(width=WIDTH, layers=2, heads=HEADS))


# Few tokens are attended to by another function than many.
@pytest.mark.parametrize("count", [7, 40])
def test_attention_equals_torchs_multihead_attention(count: int) -> None:
    torch.manual_seed(0)
    block = Block(WIDTH, HEADS, "gelu")
    theirs = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    theirs.in_proj_weight.data = block.query_key_value.weight.data
    theirs.in_proj_bias.data = block.query_key_value.bias.data
    theirs.out_proj.weight.data = block.attention_output.weight.data
    theirs.out_proj.bias.data = block.attention_output.bias.data
    tokens = random_tokens(count=count)
    expected, _ = theirs(tokens, tokens, tokens, need_weights=False)
    torch.testing.assert_close(block.attend(tokens), expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("activation", GELUS)
def test_a_block_equals_torchs_encoder_layer(activation: str) -> None:
    torch.manual_seed(0)
    block = Block(WIDTH, HEADS, activation)
    theirs = nn.TransformerEncoderLayer(
        WIDTH,
        HEADS,
        4 * WIDTH,
        dropout=0.0,
        activation=lambda x: nn.functional.gelu(x, approximate=GELUS[activation]),
        batch_first=True,
        norm_first=True,
    )
    theirs.self_attn.in_proj_weight.data = block.query_key_value.weight.data
    theirs.self_attn.in_proj_bias.data = block.query_key_value.bias.data
    theirs.self_attn.out_proj.load_state_dict(block.attention_output.state_dict())
    theirs.linear1.load_state_dict(block.expand.state_dict())
    theirs.linear2.load_state_dict(block.contract.state_dict())
    tokens = random_tokens()
    torch.testing.assert_close(block(tokens), theirs(tokens), atol=1e-5, rtol=1e-5)


def test_every_token_reads_every_other(transformer: Transformer) -> None:
    tokens = random_tokens()
    before = transformer(tokens)[0]
    for changed in (0, 6):
        other = tokens.clone()
        other[:, changed] = random_tokens(1)[:, changed]
        difference = (transformer(other)[0] - before).abs().amax((0, 2))
        assert (difference > 1e-6).all()


def test_rows_of_a_batch_do_not_mix(transformer: Transformer) -> None:
    tokens = random_tokens()
    torch.testing.assert_close(transformer(tokens)[0][1:2], transformer(tokens[1:2])[0], atol=1e-6, rtol=1e-5)


def test_without_positions_it_commutes_with_permutations(transformer: Transformer) -> None:
    tokens, order = random_tokens(), torch.tensor([3, 0, 6, 1, 2, 5, 4])
    torch.testing.assert_close(transformer(tokens[:, order])[0], transformer(tokens)[0][:, order], atol=1e-5, rtol=1e-5)


def test_initialisation_is_that_of_gpt_2() -> None:
    torch.manual_seed(0)
    deep = Transformer(ArchitectureConfig(width=64, layers=8, heads=4))
    for block in deep.blocks:
        assert isinstance(block, Block)
        for layer in (block.query_key_value, block.expand):
            assert float(layer.weight.detach().std()) == pytest.approx(0.02, rel=0.05)
        for layer in (block.attention_output, block.contract):
            assert float(layer.weight.detach().std()) == pytest.approx(0.02 / 4, rel=0.05)
        assert not block.expand.bias.any()
