"""Seeds derived from one seed and a purpose."""

import ast
import hashlib
from collections import defaultdict
from collections.abc import Iterator

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperforget.runtime.randomness import derived_seed, generator_for
from tests.test_layers import PATHS

SEEDS = st.integers(0, 2**31)


def test_a_seed_is_the_first_63_bits_of_a_digest() -> None:
    bits = "".join(f"{byte:08b}" for byte in hashlib.sha256(b"7/collect/digits-4/3").digest())
    assert derived_seed(7, "collect", "digits-4", 3) == int(bits[:63], 2)


def test_every_purpose_has_its_own_seed() -> None:
    purposes = [(), ("collect",), ("collect", "digits", 0), ("collect", "digits", 1), ("train", "digits", 0)]
    seeds = {derived_seed(seed, *purpose) for seed in (0, 1) for purpose in purposes}
    assert len(seeds) == 2 * len(purposes)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_generators_repeat_and_leave_the_global_one_alone() -> None:
    state = torch.get_rng_state()
    first, again = (torch.rand(5, generator=generator_for(0, "a")) for _ in range(2))
    other = torch.rand(5, generator=generator_for(0, "b"))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


@given(st.lists(st.sampled_from(["split", "collect", "train", "sample"]), min_size=2, max_size=2, unique=True), SEEDS)
@settings(max_examples=20)
def test_what_one_purpose_draws_leaves_all_other_streams_as_they_are(purposes: list[str], seed: int) -> None:
    one, other = purposes
    expected = torch.rand(5, generator=generator_for(seed, other))
    drawing, beside = generator_for(seed, one), generator_for(seed, other)
    torch.rand(1 + seed % 1000, generator=drawing)
    assert torch.equal(torch.rand(5, generator=beside), expected)


NAMES = st.from_regex(r"[a-z0-9]{1,3}(-[a-z0-9]{1,3}){0,2}", fullmatch=True)


@given(st.lists(NAMES, min_size=1, max_size=4), st.lists(NAMES, min_size=1, max_size=4), SEEDS)
def test_different_names_never_meet_in_one_seed(one: list[str], other: list[str], seed: int) -> None:
    # Torch keeps 32 bits of a seed.
    seeds = [derived_seed(seed, *names) % 2**32 for names in (one, other)]
    assert (seeds[0] == seeds[1]) == (one == other)


# All seeds that are set, by module: what is not derived is the same for every method, task and seed.
SET = {
    # Of whoever asks.
    "hyperforget.collection.dataset": ["seed"],
    "hyperforget.generator.asked_back": ["seed"],
    "hyperforget.generator.generator": ["seed", "seed", "seed"],
    "hyperforget.generator.sealing": ["seed"],
    # Of what networks are measured on before one is chosen: the same images every time.
    "hyperforget.generator.asking": ["0"],
    # Of what somebody's own code and networks are tried on, and of what is only timed.
    "hyperforget.metrics.own_metrics": ["0", "0", "1"],
    "hyperforget.networks.given": ["0"],
    "hyperforget.timing.requests": ["0"],
    "hyperforget.timing.training": ["0"],
    "hyperforget.unlearning.contract": ["0", "1", "seed"],
    "hyperforget.collection.collecting": ["int(torch.randint(2 ** 62, (), generator=generator))"],
    "hyperforget.data.preparing": ["share.seed", "share.seed"],
    "hyperforget.metrics.bootstrap": ["0", "1"],
    # Folds and resamples, the same for every method, so that these are compared alike.
    "hyperforget.metrics.matched_membership": ["0"],
    "hyperforget.metrics.relearning": ["0"],
    "hyperforget.metrics.attacks": ["0"],
    "hyperforget.metrics.estimates": ["seed", "seed"],
    "hyperforget.metrics.judged": ["0"],
    # Which image is from which sensor belongs to the dataset.
    "hyperforget.data.sources": ["0"],
    "hyperforget.runtime.randomness": ["derived_seed(seed, *purpose)"],
    "hyperforget.stages.train_hypernet": ["derived_seed(spec.seed, 'initialise', task, name)"],
    "hyperforget.unlearning.hiding": ["0"],
}
# Layers are initialised by torch's global generator, which is seeded for that alone.
GLOBAL = {
    "hyperforget.hypernet.relational_tokens": ["nn.init.normal_(layer.weight, std=deviation)"],
    "hyperforget.hypernet.transformer": [
        "nn.init.normal_(layer.weight, std=0.02 / residuals ** 0.5)",
        "nn.init.normal_(layer.weight, std=0.02)",
        "torch.randn(scalars, encoded, width)",
    ],
}
DRAWS = {"rand", "randn", "randint", "randperm", "multinomial", "bernoulli", "normal", "poisson"}
DRAWS |= {"rand_like", "randn_like", "randint_like", "normal_", "uniform_", "random_", "bernoulli_", "exponential_"}


def calls(module: str) -> Iterator[tuple[str, ast.Call]]:
    """The calls in a module, by what is called, without where it is from."""
    for node in ast.walk(ast.parse(PATHS[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2], node


def test_every_seed_that_is_set_is_derived_or_fixed_on_purpose() -> None:
    found = defaultdict(list)
    for module in PATHS:
        for name, call in calls(module):
            if name in ("manual_seed", "default_rng", "RandomState", "seed"):
                found[module].append(ast.unparse(call.args[0]))
            found[module] += [ast.unparse(each.value) for each in call.keywords if each.arg == "random_state"]
    assert {module: sorted(seeds) for module, seeds in found.items() if seeds} == SET


def test_all_that_is_random_is_drawn_from_a_generator() -> None:
    found = defaultdict(list)
    for module in PATHS:
        for name, call in calls(module):
            if name in DRAWS and "generator" not in {each.arg for each in call.keywords}:
                found[module].append(ast.unparse(call))
    assert {module: sorted(drawing) for module, drawing in found.items()} == GLOBAL
