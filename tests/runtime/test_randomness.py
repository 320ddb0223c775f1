"""Seeds derived from one seed and a purpose."""

import hashlib

import torch

from hyperforget.runtime.randomness import derived_seed, generator_for


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
