"""Training a hypernetwork on pairs of checkpoints (thesis, sections 3.3.2 and 3.4.2)."""

import math
import sys
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from hyperforget.command import progress
from hyperforget.config import TrainingConfig
from hyperforget.corpus import Corpus, Pairs, draw_pairs
from hyperforget.hypernet.diffusion import Process, add_noise
from hyperforget.hypernet.loss_matching import draw_images, group_by_class, loss_errors
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.training_state import HistoryPoint, TrainingState
from hyperforget.networks import permute_hidden_jointly
from hyperforget.tasks import Split
from hyperforget.unfinished import Unfinished

_HISTORY_POINTS = 40
_HISTORY_PAIRS = 512
_ADAM_BETAS = (0.9, 0.99)
# Added to a pair's mean squared change before dividing by it: below this, pairs are weighted alike.
_SMALL_CHANGE = 0.02


@dataclass(frozen=True)
class Trained:
    """Averaged weights at each snapshot's step, the last being the result, and the learning curves."""

    snapshots: dict[int, dict[str, Tensor]]
    history: list[HistoryPoint]


def train_hypernetwork(
    model: Hypernetwork,
    process: Process,
    seen: Corpus,
    unseen: Corpus,
    data: Split,
    config: TrainingConfig,
    generator: torch.Generator,
    unfinished: Unfinished,
) -> Trained:
    """Minimise the mean squared error of the predicted clean parameters (thesis, equations 3.6 and 3.8).

    Added to it, ``config.loss_matching`` times, is the error of the class losses that these parameters have on
    images of the training split ``data``: see `hyperforget.hypernet.loss_matching`. AdamW with linear warm-up
    and cosine decay, gradient clipping, and an exponential moving average of the weights. All randomness comes
    from ``generator``. Training goes on from ``unfinished``, if it was stopped before, to the same weights.
    """
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(config.ema))
    ema_model = averaged.module
    assert isinstance(ema_model, Hypernetwork)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, betas=_ADAM_BETAS, weight_decay=config.weight_decay
    )
    state = TrainingState(model, averaged, optimizer, generator)
    # Drawn again by training that goes on, before it takes the saved state of the generator.
    probes = [_draw(corpus, process, model, config, _HISTORY_PAIRS, generator) for corpus in (seen, unseen)]
    if (saved := unfinished.load()) is not None:
        state.restore(saved)
        print(f"resumed at step {state.step}", file=sys.stderr)
    history_steps = _evenly(config.steps, _HISTORY_POINTS)
    snapshot_steps = _evenly(config.steps, config.snapshots)
    autocast = computes_in_bfloat16(config.precision)
    images = group_by_class(data, model.layout.classes)
    steps = range(state.step + 1, config.steps + 1)
    for step in progress(steps, config.steps, "training", initial=state.step):
        batch = _draw(seen, process, model, config, config.batch_size, generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            predicted = _predict(model, batch)
        objective = _parameter_error(predicted, batch, config)
        if config.loss_matching:
            drawn = draw_images(images, config.matching_images, generator)
            networks = model.space.denormalise(predicted, batch.network)
            matched = loss_errors(networks, batch.pairs.target, model.layout, drawn)
            objective = objective + config.loss_matching * matched.mean()
        optimizer.zero_grad()
        objective.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimizer.param_groups[0]["lr"] = config.learning_rate * learning_rate_factor(step - 1, config)
        optimizer.step()
        averaged.update_parameters(model)
        if step in history_steps:
            with torch.no_grad():
                train, test = (
                    float(_squared_errors(_predict(ema_model, probe), probe).mean()) for probe in probes
                )
            rate = config.learning_rate * learning_rate_factor(step, config)
            state.history.append(HistoryPoint(step, train, test, rate))
        if step in snapshot_steps:
            state.snapshots[step] = {name: value.clone() for name, value in ema_model.state_dict().items()}
        state.step = step
        if unfinished.due():
            unfinished.save(state.to_state())
    return Trained(state.snapshots, state.history)


def pair_weights(clean: Tensor, start: Tensor | None, weighting: str) -> Tensor:
    """Weights (B,) of mean 1 for the squared errors of pairs in the model's space, (B, D) each.

    ``uniform`` is the thesis' objective. ``relative`` divides each error by the squared change from start to
    clean: the step from a trained to an unlearned network changes parameters ten times less than training
    from scratch does, and would be learned last.
    """
    if start is None or weighting == "uniform":
        return torch.ones(clean.shape[0])
    weights = 1 / ((clean - start).square().mean(dim=1) + _SMALL_CHANGE)
    return weights / weights.mean()


def learning_rate_factor(step: int, config: TrainingConfig) -> float:
    """Linear warm-up to 1 over ``warmup`` steps, then a cosine to 0 at ``steps``."""
    warm = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / config.steps)))


def computes_in_bfloat16(precision: str) -> bool:
    """Whether training autocasts to bfloat16; ``auto`` asks whether the processor multiplies in it."""
    if precision == "auto":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return precision == "bfloat16"


@dataclass(frozen=True)
class _Batch:
    """Clean and noised values (B, D) of the model's space, their times (B,), and what the model is told.

    Where it reads a start: the ``network`` (B, P), and its values ``start`` (B, D).
    """

    clean: Tensor
    noised: Tensor
    time: Tensor
    pairs: Pairs
    network: Tensor | None
    start: Tensor | None


def _draw(
    corpus: Corpus,
    process: Process,
    model: Hypernetwork,
    config: TrainingConfig,
    count: int,
    generator: torch.Generator,
) -> _Batch:
    pairs = draw_pairs(corpus, count, config.from_start, generator)
    if config.permute:
        start, target = permute_hidden_jointly([pairs.start, pairs.target], model.layout, generator)
        pairs = replace(pairs, start=start, target=target)
    clean = model.space.normalise(pairs.target)
    time = process.draw_times(count, generator)
    noised = add_noise(process, clean, torch.randn(clean.shape, generator=generator), time)
    if not model.conditioning.uses_start:
        return _Batch(clean, noised, time, pairs, None, None)
    return _Batch(clean, noised, time, pairs, pairs.start, model.space.normalise(pairs.start))


def _predict(model: Hypernetwork, batch: _Batch) -> Tensor:
    """The clean values (B, D) that the model predicts."""
    pairs = batch.pairs
    start_performance = pairs.start_performance if model.conditioning.uses_start else None
    predicted: Tensor = model(
        batch.noised, batch.time, pairs.target_performance, batch.start, start_performance
    )
    return predicted


def _squared_errors(predicted: Tensor, batch: _Batch) -> Tensor:
    """Mean squared error (B,) of each pair."""
    return (predicted - batch.clean).square().mean(dim=1)


def _parameter_error(predicted: Tensor, batch: _Batch, config: TrainingConfig) -> Tensor:
    """Weighted mean squared error over the batch, a scalar."""
    weights = pair_weights(batch.clean, batch.start, config.pair_weighting)
    return (_squared_errors(predicted, batch) * weights).mean()


def _evenly(steps: int, count: int) -> list[int]:
    return sorted({math.ceil(steps * (index + 1) / count) for index in range(count)})
