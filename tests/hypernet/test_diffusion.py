"""Noise processes against their closed forms, and against diffusers where it is installed."""

import math
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType

import pytest
import torch
from torch import Tensor

from hyperforget.hypernet.diffusion import DDPM_STEPS, PROCESSES, add_noise, denoise

Predictor = Callable[[Tensor, Tensor], Tensor]

MEAN, DEVIATION = 0.7, 0.4


@pytest.fixture(scope="module")
def diffusers() -> ModuleType:
    module: ModuleType = pytest.importorskip("diffusers", reason="the oracle diffusers is not installed")
    return module


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def randn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=generator(seed))


def odd_predictor(noised: Tensor, time: Tensor) -> Tensor:
    """Depends on all that it is given, and on it non-linearly."""
    return (noised.roll(1, dims=1) + time.unsqueeze(1)).tanh()


def recorded(predict: Predictor, seen: list[tuple[float, Tensor]]) -> Predictor:
    def record(noised: Tensor, time: Tensor) -> Tensor:
        seen.append((float(time[0]), noised.clone()))
        return predict(noised, time)

    return record


def posterior_mean(name: str) -> Predictor:
    """The best predictor of Gaussian data from ``signal * clean + noise * gaussian``."""

    def predict(noised: Tensor, time: Tensor) -> Tensor:
        signal, noise = (value.unsqueeze(1) for value in PROCESSES[name].coefficients(time))
        gain = signal * DEVIATION**2 / (signal**2 * DEVIATION**2 + noise**2)
        return MEAN + gain * (noised - signal * MEAN)

    return predict


@pytest.mark.parametrize("name", PROCESSES)
def test_time_runs_from_clean_to_noise(name: str) -> None:
    signal, noise = PROCESSES[name].coefficients(torch.linspace(0, 1, 101))
    assert (signal.diff() < 0).all()
    assert (noise.diff() > 0).all()
    assert (float(signal[0]), float(noise[0])) == (1, 0)
    assert signal[-1] < 0.01
    assert noise[-1] > 0.99


@pytest.mark.parametrize("name", PROCESSES)
def test_training_times_lie_in_the_range_and_fill_it(name: str) -> None:
    times = PROCESSES[name].draw_times(20_000, generator())
    assert times.dtype == torch.float32
    assert 0 < times.min() < 0.01
    assert 0.99 < times.max() <= 1
    assert times.mean() == pytest.approx(0.5, abs=0.01)
    assert torch.equal(times, PROCESSES[name].draw_times(20_000, generator()))


def test_ddpm_draws_every_step_and_none_without_noise() -> None:
    steps = (PROCESSES["ddpm"].draw_times(20_000, generator()) * DDPM_STEPS).round().long()
    assert steps.unique().tolist() == list(range(1, DDPM_STEPS + 1))


def test_ddpm_coefficients_are_those_of_a_linear_schedule() -> None:
    kept, expected = 1.0, [1.0]
    for step in range(1000):
        kept *= 1 - (1e-4 + (0.02 - 1e-4) * step / 999)
        expected.append(kept)
    signal, noise = PROCESSES["ddpm"].coefficients(torch.arange(1001) / 1000)
    assert signal.square().tolist() == pytest.approx(expected, abs=1e-6)
    assert (signal.square() + noise.square()).tolist() == pytest.approx([1] * 1001, abs=1e-6)


def test_add_noise_mixes_each_row_at_its_time() -> None:
    clean, gaussian = randn(3, 4), randn(3, 4, seed=1)
    mixed = add_noise(PROCESSES["flow"], clean, gaussian, torch.tensor([0.0, 0.25, 1.0]))
    expected = torch.stack([clean[0], 0.75 * clean[1] + 0.25 * gaussian[1], gaussian[2]])
    torch.testing.assert_close(mixed, expected)


@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("stochasticity", [0.0, 0.5, 1.0])
def test_a_perfect_predictor_is_returned(name: str, steps: int, stochasticity: float) -> None:
    clean = randn(4, 6)
    sampled = denoise(PROCESSES[name], lambda *_: clean, randn(4, 6, seed=1), steps, generator(), stochasticity)
    assert torch.equal(sampled, clean)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_perfect_predictor_keeps_to_the_path_of_its_noise(name: str) -> None:
    clean, gaussian = randn(4, 6), randn(4, 6, seed=1)
    seen: list[tuple[float, Tensor]] = []
    # Pure noise and a path from it to `clean` part at the last step of DDPM, which still holds some signal.
    signal, noise = PROCESSES[name].coefficients(torch.ones(1))
    start = signal * clean + noise * gaussian
    denoise(PROCESSES[name], recorded(lambda *_: clean, seen), start, 10, generator())
    assert [time for time, _ in seen] == pytest.approx([1 - index / 10 for index in range(10)])
    for time, state in seen:
        expected = add_noise(PROCESSES[name], clean, gaussian, torch.full((4,), time))
        torch.testing.assert_close(state, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", PROCESSES)
def test_one_step_is_the_prediction_from_pure_noise(name: str) -> None:
    gaussian = randn(4, 6)
    sampled = denoise(PROCESSES[name], odd_predictor, gaussian, 1, generator())
    assert torch.equal(sampled, odd_predictor(gaussian, torch.ones(4)))


def test_flow_takes_steps_of_eulers_method() -> None:
    state = randn(4, 6).double()
    seen: list[tuple[float, Tensor]] = []
    denoise(PROCESSES["flow"], recorded(odd_predictor, seen), state, 5, generator())
    for (time, state), (following, later) in pairwise(seen):
        velocity = (state - odd_predictor(state, torch.full((4,), time))) / time
        torch.testing.assert_close(later, state + (following - time) * velocity, atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", PROCESSES)
def test_the_deterministic_solver_converges_to_the_exact_flow_of_gaussian_data(name: str) -> None:
    # The probability flow of one Gaussian maps noise linearly: to MEAN + DEVIATION * noise.
    gaussian = randn(64, 8)
    exact = MEAN + DEVIATION * gaussian
    errors = [
        float((denoise(PROCESSES[name], posterior_mean(name), gaussian, steps, generator()) - exact).abs().max())
        for steps in (10, 50, 500)
    ]
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < 0.02


@pytest.mark.parametrize(("name", "steps"), [("ddpm", DDPM_STEPS), ("flow", 300)])
@pytest.mark.parametrize("stochasticity", [0.0, 1.0])
def test_gaussian_data_have_the_right_mean_and_deviation(name: str, steps: int, stochasticity: float) -> None:
    sampled = denoise(PROCESSES[name], posterior_mean(name), randn(5000, 2), steps, generator(1), stochasticity)
    # Five standard errors of 10,000 samples, and what the discretisation adds.
    assert float(sampled.mean()) == pytest.approx(MEAN, abs=5 * DEVIATION / 100 + 0.005)
    assert float(sampled.std()) == pytest.approx(DEVIATION, abs=5 * DEVIATION / math.sqrt(2) / 100 + 0.005)


def test_stochastic_samples_follow_the_generator() -> None:
    gaussian = randn(4, 6)
    one, same, other = (
        denoise(PROCESSES["ddpm"], odd_predictor, gaussian, 10, generator(seed), 1.0) for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)


def test_ddpm_coefficients_equal_those_of_diffusers(diffusers: ModuleType) -> None:
    scheduler = diffusers.DDPMScheduler(beta_start=1e-4, beta_end=0.02, beta_schedule="linear")
    signal, noise = PROCESSES["ddpm"].coefficients((torch.arange(1000) + 1) / 1000)
    torch.testing.assert_close(signal, scheduler.alphas_cumprod.sqrt(), atol=1e-6, rtol=0)
    torch.testing.assert_close(noise, (1 - scheduler.alphas_cumprod).sqrt(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("steps", [1, 2, 5, 10, 20, 50, 1000])
@pytest.mark.parametrize("stochasticity", [0.0, 0.6])
def test_ddim_equals_that_of_diffusers(diffusers: ModuleType, steps: int, stochasticity: float) -> None:
    """Our times 1, 1 - 1/n, … are diffusers' `trailing` steps 999, 999 - 1000/n, …, for n that divide 1000.

    After the last of them we have clean parameters, hence `set_alpha_to_one`. Every state and the result are compared;
    diffusers is handed the very noise that ours draws.
    """
    scheduler = diffusers.DDIMScheduler(
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        prediction_type="sample",
        clip_sample=False,
        set_alpha_to_one=True,
        timestep_spacing="trailing",
    )
    scheduler.set_timesteps(steps)
    theirs = randn(5, 7)
    seen: list[tuple[float, Tensor]] = []
    ours = denoise(PROCESSES["ddpm"], recorded(odd_predictor, seen), theirs, steps, generator(3), stochasticity)
    assert len(seen) == steps
    draws = generator(3)
    for timestep, (time, state) in zip(scheduler.timesteps.tolist(), seen, strict=True):
        assert round(time * 1000) == timestep + 1
        torch.testing.assert_close(state, theirs, atol=2e-3, rtol=0)
        predicted = odd_predictor(theirs, torch.full((5,), time))
        fresh = torch.randn(theirs.shape, generator=draws) if stochasticity else None
        step = scheduler.step(predicted, timestep, theirs, eta=stochasticity, variance_noise=fresh)
        theirs = step.prev_sample
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)


def test_ancestral_sampling_equals_ddpm_of_diffusers(diffusers: ModuleType) -> None:
    """η = 1 with all steps is DDPM: the same states, step by step, from the same noise."""
    scheduler = diffusers.DDPMScheduler(
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        prediction_type="sample",
        clip_sample=False,
        variance_type="fixed_small",
    )
    theirs = randn(5, 7)
    seen: list[tuple[float, Tensor]] = []
    ours = denoise(PROCESSES["ddpm"], recorded(odd_predictor, seen), theirs, DDPM_STEPS, generator(3), 1.0)
    draws = generator(3)
    for timestep, (time, state) in zip(scheduler.timesteps.tolist(), seen, strict=True):
        torch.testing.assert_close(state, theirs, atol=2e-3, rtol=0)
        predicted = odd_predictor(theirs, torch.full((5,), time))
        theirs = scheduler.step(predicted, timestep, theirs, generator=draws).prev_sample
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)


@pytest.mark.parametrize("state", [-1.5, 0.0, 2.0])
def test_the_first_ancestral_step_has_the_mean_and_variance_of_the_posterior(state: float) -> None:
    """Ho et al., 2020, equations 6 and 7, at step 1000."""
    clean, beta = 0.3, 0.02
    signal, _ = PROCESSES["ddpm"].coefficients(torch.tensor([1.0, 0.999]))
    kept, kept_before = signal.double().square().tolist()
    mean = (
        math.sqrt(kept_before) * beta / (1 - kept) * clean
        + math.sqrt(1 - beta) * (1 - kept_before) / (1 - kept) * state
    )
    variance = (1 - kept_before) / (1 - kept) * beta
    seen: list[tuple[float, Tensor]] = []
    predict = recorded(lambda noised, _: torch.full_like(noised, clean), seen)

    class Enough(Exception):
        pass

    def two_calls(noised: Tensor, time: Tensor) -> Tensor:
        predicted = predict(noised, time)
        if len(seen) == 2:
            raise Enough
        return predicted

    with pytest.raises(Enough):
        denoise(PROCESSES["ddpm"], two_calls, torch.full((20_000, 1), state), DDPM_STEPS, generator(), 1.0)
    after = seen[1][1].double()
    assert float(after.mean()) == pytest.approx(mean, abs=5 * math.sqrt(variance / 20_000))
    assert float(after.var()) == pytest.approx(variance, rel=0.05)
