"""The whole hypernetwork: where it starts, what it reads, and the thesis' size."""

from collections.abc import Callable

import pytest
import torch

from hyperforget.config import ArchitectureConfig
from hyperforget.config.performance import Metric
from hyperforget.hypernet.conditioning import CONDITIONINGS
from hyperforget.hypernet.model import DENOISERS, Hypernetwork
from hyperforget.hypernet.spaces import SPACES
from hyperforget.hypernet.tokens import TOKENS
from hyperforget.hypernet.transformer import Block, TokenTransformer
from hyperforget.networks.layout import Layout
from hyperforget.networks.perceptron import PerceptronLayout
from tests.hypernet.conftest import told_by

Build = Callable[..., Hypernetwork]

PROMPTS = ["joint", "separate"]
TIME = torch.tensor([0.001, 0.4, 1.0])


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def inputs(layout: Layout) -> dict[str, torch.Tensor]:
    return {
        "noised": random(3, layout.size),
        "time": TIME,
        "target_performance": random(3, 4, seed=1).abs(),
        "start": random(3, layout.size, seed=2),
        "start_performance": random(3, 4, seed=3).abs(),
    }


def told(model: Hypernetwork, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What this model is to be given."""
    start = ("start", "start_performance")
    given = {key: value for key, value in inputs.items() if model.conditioning.uses_start or key not in start}
    count = model.performance.count(4)
    return {
        key: torch.cat([value, value.flip(0) + 0.1], dim=1)[:, :count] if "performance" in key else value
        for key, value in given.items()
    }


@pytest.mark.parametrize("tokens", TOKENS)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_an_untrained_network_predicts_no_change(
    build: Build, inputs: dict[str, torch.Tensor], tokens: str, prompt: str
) -> None:
    reader = build("dihyfo-1", tokens, prompt, random=False)
    assert torch.equal(reader(**told(reader, inputs)), inputs["start"])
    sampler = build("dihyfo-2", tokens, prompt, random=False)
    assert torch.equal(sampler(**told(sampler, inputs)), torch.zeros_like(inputs["noised"]))


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
@pytest.mark.parametrize("tokens", TOKENS)
@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("also", [(), ("discriminability",)])
def test_every_input_matters_to_every_parameter(
    build: Build,
    inputs: dict[str, torch.Tensor],
    conditioning: str,
    tokens: str,
    prompt: str,
    also: tuple[Metric, ...],
) -> None:
    model = build(conditioning, tokens, prompt, performance=told_by(conditioning, *also))
    given = told(model, inputs)
    before = model(**given)
    assert before.shape == inputs["noised"].shape
    assert before.isfinite().all()
    for name, value in given.items():
        change = torch.full_like(value, 0.3)
        change[1:] = 0
        after = model(**{**given, name: value + change})
        assert (after[0] != before[0]).all(), name
        torch.testing.assert_close(after[1:], before[1:], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("prompt", "scalars"), [("joint", 1), ("separate", 5)])
def test_a_prompt_is_one_token_or_one_a_scalar(build: Build, prompt: str, scalars: int) -> None:
    denoiser = build("dihyfo-2", prompt=prompt).denoiser
    assert isinstance(denoiser, TokenTransformer)
    assert denoiser.read_prompt(random(3, 5, 9)).shape == (3, scalars, 16)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_joint_prompt_is_added_to_every_token_and_separate_ones_reach_them_by_attention(
    build: Build, inputs: dict[str, torch.Tensor], prompt: str
) -> None:
    model = build("dihyfo-2", prompt=prompt)
    assert isinstance(model.denoiser, TokenTransformer)
    for block in model.denoiser.transformer.blocks:
        assert isinstance(block, Block)
        torch.nn.init.zeros_(block.attention_output.weight)
    given = told(model, inputs)
    same = model(**given) == model(**{**given, "target_performance": given["target_performance"] + 1})
    assert same.all() if prompt == "separate" else not same.any()


@pytest.mark.parametrize(
    ("space", "names"),
    [("weights", {"mean", "scale"}), ("subspace", {"mean", "components", "deviations"})],
)
def test_its_space_is_saved_and_not_trained(build: Build, space: str, names: set[str]) -> None:
    model = build(space=space)
    stored = {name for name in model.state_dict() if name.startswith("space.")}
    assert stored == {f"space.{name}" for name in names}
    assert not stored & {name for name, _ in model.named_parameters()}


def test_every_space_has_a_denoiser() -> None:
    assert list(SPACES) == list(DENOISERS)


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_in_the_subspace_every_input_matters_to_every_coefficient(
    build: Build, inputs: dict[str, torch.Tensor], conditioning: str
) -> None:
    model = build(conditioning, space="subspace")
    given = told(model, inputs)
    vectors = given.keys() & {"noised", "start"}
    given |= {name: random(3, 7, seed=index) for index, name in enumerate(sorted(vectors))}
    before = model(**given)
    assert before.shape == (3, 7)
    for name, value in given.items():
        change = torch.full_like(value, 0.3)
        change[1:] = 0
        after = model(**{**given, name: value + change})
        assert (after[0] != before[0]).all(), name
        torch.testing.assert_close(after[1:], before[1:], atol=1e-5, rtol=1e-4)
    untrained = build(conditioning, space="subspace", random=False)
    expected = given["start"] if model.conditioning.uses_start else torch.zeros(3, 7)
    assert torch.equal(untrained(**given), expected)


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_the_thesis_size_can_be_built(conditioning: str) -> None:
    thesis = ArchitectureConfig(
        tokens="layers",
        prompt="separate",
        width=1536,
        layers=12,
        heads=16,
        frequencies=128,
        largest_exponent=14.0,
    )
    layout = PerceptronLayout((784, 7, 10))
    with torch.device("meta"):
        model = Hypernetwork(layout, conditioning, thesis, told_by(conditioning))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    # Twelve blocks hold 12 width² each; the rest reads and writes the main network's 5,575 parameters.
    assert parameters > 12 * 12 * 1536**2
    assert 300e6 < parameters < 400e6
    count = model.performance.count(10)
    start = (torch.empty(2, layout.size, device="meta"), torch.empty(2, count, device="meta"))
    told = start if model.conditioning.uses_start else (None, None)
    time, performance = torch.empty(2, device="meta"), torch.empty(2, count, device="meta")
    assert model(start[0], time, performance, *told).shape == (2, layout.size)


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_compressed_means_told_the_logarithms_of_one_more(
    build: Build, inputs: dict[str, torch.Tensor], conditioning: str
) -> None:
    compressed, plain = (build(conditioning, compressed=value) for value in (True, False))
    given = told(plain, inputs)
    logarithms = {key: value.log1p() if "performance" in key else value for key, value in given.items()}
    assert torch.equal(compressed(**given), plain(**logarithms))
    assert not torch.equal(compressed(**given), plain(**given))
