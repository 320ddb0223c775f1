"""Looking up checkpoints against a brute-force search."""

import numpy as np
import pytest
import torch

from hyperforget.unlearning.nearest import nearest_checkpoints, offer_checkpoints

RNG = np.random.default_rng(0)


def distances(losses: np.ndarray, prompt: np.ndarray) -> np.ndarray:
    """Euclidean between log(1 + loss), in double precision."""
    apart = np.log1p(losses.astype(np.float64)) - np.log1p(prompt.astype(np.float64))
    return np.asarray(np.sqrt((apart**2).sum(-1)))


def found(losses: np.ndarray, prompts: np.ndarray, count: int) -> np.ndarray:
    return nearest_checkpoints(torch.from_numpy(losses), torch.from_numpy(prompts), count).numpy()


@pytest.mark.parametrize(("checkpoints", "classes"), [(20, 2), (300, 4), (3000, 10)])
def test_it_finds_what_a_search_through_all_finds(checkpoints: int, classes: int) -> None:
    losses = RNG.gamma(1.0, 2.0, size=(checkpoints, classes)).astype(np.float32)
    prompts = RNG.gamma(1.0, 2.0, size=(5, classes)).astype(np.float32)
    indices = found(losses, prompts, 7)
    assert indices.shape == (5, 7)
    for prompt, row in zip(prompts, indices, strict=True):
        assert len(set(row)) == 7
        all_distances = distances(losses, prompt)
        # By their distances, as float32 cannot order what is nearly as far.
        np.testing.assert_allclose(all_distances[row], np.sort(all_distances)[:7], atol=1e-3)


def test_the_scale_is_that_of_the_prompts_and_not_of_the_losses() -> None:
    # Asked for 9 nats, 3 is nearer than 16 in losses, and 16 nearer in their logarithms.
    assert found(np.array([[3.0], [16.0]]), np.array([[9.0]]), 2).tolist() == [[1, 0]]


def test_an_exact_checkpoint_comes_first_and_all_come_once() -> None:
    losses = RNG.gamma(1.0, 2.0, size=(6, 3)).astype(np.float32)
    indices = found(losses, losses, 100)
    assert indices.shape == (6, 6)
    assert indices[:, 0].tolist() == list(range(6))
    assert np.sort(indices, axis=1).tolist() == [list(range(6))] * 6


@pytest.mark.parametrize("chosen", range(12))
def test_the_chosen_checkpoint_is_offered_once_at_the_prompt_that_it_is_nearest_to(chosen: int) -> None:
    losses = RNG.gamma(1.0, 2.0, size=(12, 3)).astype(np.float32)
    prompts = losses[:2] + 0.01
    offered = offer_checkpoints(torch.from_numpy(losses), torch.from_numpy(prompts), 4, chosen)
    assert offered.checkpoint[offered.chosen] == chosen
    own = int(np.argmin([distances(losses[chosen], prompt) for prompt in prompts]))
    assert offered.prompt[offered.chosen] == own
    at_own = offered.checkpoint[offered.prompt == own].tolist()
    assert at_own.count(chosen) == 1
    near = found(losses, prompts, 4)
    assert offered.checkpoint[:8].tolist() == near.flatten().tolist()
    assert len(offered.checkpoint) == 8 + (chosen not in near[own])


def test_close_checkpoints_are_told_apart() -> None:
    losses = RNG.gamma(1.0, 2.0, size=(200, 10)).astype(np.float32)
    losses[:20] = losses[0] * (1 + 1e-4 * np.arange(20, dtype=np.float32)[:, None])
    assert found(losses, losses[:1], 20)[0].tolist() == list(range(20))
