"""Training a hypernetwork on pairs of checkpoints (thesis, sections 3.3.2 and 3.4.2)."""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from hyperforget.collection.checkpoints import Corpus
from hyperforget.config import HardwareConfig, TrainingConfig
from hyperforget.config.performance import Performance
from hyperforget.data.splits import Split
from hyperforget.errors import UserError
from hyperforget.hypernet.batches import Batch, draw_batch, recombine
from hyperforget.hypernet.diffusion import Process
from hyperforget.hypernet.loss_matching import (
    DrawnImages,
    draw_images,
    group_by_class,
    performance_errors,
    performance_on,
    with_wanted,
)
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.training_state import Trained, Training
from hyperforget.hypernet.transformer import recompute_activations
from hyperforget.networks.layout import Layout
from hyperforget.progress import progress
from hyperforget.records.hypernets import HistoryPoint
from hyperforget.runtime.device import computes_in_bfloat16
from hyperforget.runtime.distributed import all_equal, process_count, process_rank
from hyperforget.runtime.resuming import NOT_RESUMING, Resuming

_HISTORY_POINTS = 40
_HISTORY_PAIRS = 512
_FIRST_MOMENT_DECAY = 0.9

# Times the error of predicting the mean of all parameters, which is about 1.
_DIVERGED = 1000


@dataclass(frozen=True)
class Runs:
    """Runs of networks of one layout, on the CPU: those to train on, ``seen``, and those to test on, ``unseen``."""

    layout: Layout
    seen: Corpus
    unseen: Corpus


@dataclass(frozen=True)
class TrainingData:
    """The ``runs`` of each layout that is learned from; training ``images`` on the device; and the sets of classes that
    are never asked to be forgotten, ``holdout``, by the places of classes among the outputs.
    """

    runs: Sequence[Runs]
    images: Split
    holdout: Sequence[tuple[int, ...]] = ()


@dataclass(frozen=True)
class TrainingSetup:
    """How it is trained: a noise ``process``, the ``config``, and the ``hardware``, with what saves memory."""

    process: Process
    config: TrainingConfig
    hardware: HardwareConfig = field(default_factory=HardwareConfig)


def train_hypernetwork(
    model: Hypernetwork,
    data: TrainingData,
    setup: TrainingSetup,
    generator: torch.Generator,
    resuming: Resuming = NOT_RESUMING,
) -> Trained:
    """Minimise the mean squared error of the predicted clean parameters (thesis, equations 3.6 and 3.8).

    Added to it, ``loss_matching`` times, is the error of the class losses that these parameters have on training
    images: see `hyperforget.hypernet.loss_matching`, and `recombine` for the share of pairs of which only that is
    learned. AdamW with linear warm-up and cosine decay, gradient clipping, and an exponential moving average of the
    weights. All randomness comes from ``generator``, one of the CPU.

    ``model`` lies on the device that computes. Where several processes train together, all draw the same batch, each
    works through a share of it, and their gradients are added up. Neither this nor what saves memory changes the result
    but by rounding. Of several layouts each step learns from one, drawn uniformly; one process alone can do that.
    Raises `UserError` where these processes resume from different states, and where training diverges.
    """
    process, config, hardware = setup.process, setup.config, setup.hardware
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(config.ema))
    ema_model = averaged.module
    assert isinstance(ema_model, Hypernetwork)
    # For each layout, of the same parameters.
    models = [model.for_layout(runs.layout) for runs in data.runs]
    averages = [ema_model.for_layout(runs.layout) for runs in data.runs]
    for each in models:
        recompute_activations(each, hardware.activation_checkpointing)
    networks = [DistributedDataParallel(each) if process_count() > 1 else each for each in models]
    optimizer = _optimizer(model, config, hardware)
    training = Training(model, averaged, optimizer, generator, Trained({}, []))
    # Drawn again by training that goes on, before it takes the saved state of the generator.
    probes = [
        [draw_batch(corpus, process, each, config, _HISTORY_PAIRS, generator) for corpus in (runs.seen, runs.unseen)]
        for each, runs in zip(models, data.runs, strict=True)
    ]
    history_steps = _evenly(config.steps, _HISTORY_POINTS)
    snapshot_steps = _evenly(config.steps, config.snapshots)
    # Without loss matching nothing would be learned of such pairs, and one number cannot be put together.
    matching = config.loss_matching > 0 or (config.discriminability_matching > 0 and bool(model.performance.also))
    recombined = config.recombined if matching and model.conditioning.per_class else 0.0
    grouped = group_by_class(data.images)
    told = _told_of_classes(model)
    with resuming.part("step", training.state) as saved:
        if saved is not None:
            training.restore(saved)
        if not all_equal(training.step):
            raise UserError(
                f"processes that train together found different states, this one step {training.step}; "
                "allowed is a store on a file system that all of them see"
            )
        steps = range(training.step + 1, config.steps + 1)
        shown = progress(steps, config.steps, "training", initial=training.step)
        for step in shown if process_rank() == 0 else steps:
            resuming.save_if_due()
            drawn = int(torch.randint(len(models), (), generator=generator)) if len(models) > 1 else 0
            of_drawn = models[drawn]
            batch = draw_batch(data.runs[drawn].seen, process, of_drawn, config, config.batch_size, generator)
            images = draw_images(grouped, config.matching_images, generator) if matching else None
            if images is not None:
                batch = with_wanted(batch, told, of_drawn.layout, images)
            batch = recombine(batch, recombined, data.holdout, generator)
            optimizer.zero_grad()
            _add_gradients(networks[drawn], of_drawn, batch, images, config, hardware)
            torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
            optimizer.param_groups[0]["lr"] = config.learning_rate * learning_rate_factor(step - 1, config)
            optimizer.step()
            averaged.update_parameters(model)
            if step in history_steps:
                train, test = _errors_on(probes, averages)
                rate = config.learning_rate * learning_rate_factor(step, config)
                _check_converging(step, (train + test) / 2, probes, config)
                training.made.history.append(HistoryPoint(step, train, test, rate))
            if step in snapshot_steps and process_rank() == 0:
                weights = ema_model.state_dict()
                copied = {name: value.to("cpu", copy=True) for name, value in weights.items()}
                training.made.snapshots[step] = copied
            training.step = step
    return training.made


@torch.no_grad()
def _errors_on(probes: Sequence[Sequence[Batch]], models: Sequence[Hypernetwork]) -> tuple[float, float]:
    """Mean squared errors on pairs of seen and of unseen runs, two ``probes`` a layout, mean over layouts."""
    of_layouts = [
        [float(_squared_errors(_predict(model, probe), probe).mean()) for probe in both]
        for both, model in zip(probes, models, strict=True)
    ]
    seen, unseen = map(fmean, zip(*of_layouts, strict=True))
    return seen, unseen


def _check_converging(step: int, error: float, probes: Sequence[Sequence[Batch]], config: TrainingConfig) -> None:
    """Raise `UserError` where the mean squared ``error`` after a step is beyond all that training leads to."""
    of_mean = fmean(float(seen.clean.square().mean()) for seen, _ in probes)
    if not error < _DIVERGED * max(1.0, of_mean):
        raise UserError(
            f"the hypernetwork diverged: at step {step} of {config.steps} its mean squared error is {error:.2g}, and "
            f"{of_mean:.2g} for predicting the mean of all parameters; lower training.learning_rate of the model, "
            f"which is {config.learning_rate:g}, or lengthen training.warmup, which is {config.warmup}"
        )


def _add_gradients(
    network: nn.Module,
    model: Hypernetwork,
    batch: Batch,
    images: DrawnImages | None,
    config: TrainingConfig,
    hardware: HardwareConfig,
) -> None:
    """Send the mean error of the whole batch back, of which this process works through its share, one
    micro-batch after another.

    ``network`` is ``model``, or what exchanges its gradients with other processes.
    """
    device = model.device
    autocast = computes_in_bfloat16(config.precision, device)
    micro_batches = list(batch.micro_batches(process_rank(), process_count(), hardware.micro_batches))
    for index, micro_batch in enumerate(micro_batches):
        with _gradients_exchanged(network, index == len(micro_batches) - 1):
            with torch.autocast(device.type, torch.bfloat16) if autocast else nullcontext():
                predicted = _predict(network, micro_batch)
            errors = _errors(predicted, micro_batch, model, images, config)
            # Gradients are averaged over processes; the sum of all micro-batches is to be divided by the
            # whole batch.
            (errors.sum() * process_count() / config.batch_size).backward()


def learning_rate_factor(step: int, config: TrainingConfig) -> float:
    """Linear warm-up to 1 over ``warmup`` steps, then a cosine to 0 at ``steps``."""
    warm = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / config.steps)))


def _optimizer(model: Hypernetwork, config: TrainingConfig, hardware: HardwareConfig) -> torch.optim.Optimizer:
    settings: dict[str, Any] = {
        "lr": config.learning_rate,
        "betas": (_FIRST_MOMENT_DECAY, config.second_moment_decay),
        "weight_decay": config.weight_decay,
    }
    if not hardware.shard_optimizer or process_count() == 1:
        return torch.optim.AdamW(model.parameters(), **settings)
    # It imports torch's compiler, which takes seconds.
    from torch.distributed.optim import ZeroRedundancyOptimizer

    # Each process keeps the moments of a part of the parameters only (ZeRO, stage 1).
    return ZeroRedundancyOptimizer(model.parameters(), torch.optim.AdamW, **settings)


def _gradients_exchanged(network: nn.Module, last: bool) -> AbstractContextManager[None]:
    """Processes exchange gradients once a step, with the last of their micro-batches."""
    if isinstance(network, DistributedDataParallel) and not last:
        return network.no_sync()
    return nullcontext()


def _predict(network: nn.Module, batch: Batch) -> Tensor:
    """The clean values (B, D) that the model predicts."""
    predicted: Tensor = network(
        batch.noised, batch.time, batch.target_performance, batch.start, batch.start_performance
    )
    return predicted


def _squared_errors(predicted: Tensor, batch: Batch) -> Tensor:
    """Mean squared error (B,) of each pair."""
    return (predicted - batch.clean).square().mean(dim=1)


def _errors(
    predicted: Tensor, batch: Batch, model: Hypernetwork, images: DrawnImages | None, config: TrainingConfig
) -> Tensor:
    """What is minimised, for each pair (B,)."""
    errors = _squared_errors(predicted, batch) * batch.weight * batch.answered
    if images is None or batch.wanted is None:
        return errors
    networks = model.space.denormalise(predicted, batch.network)
    found = performance_on(networks, _told_of_classes(model), model.layout, images)
    losses, discriminable = performance_errors(found, batch.wanted, images.classes)
    return errors + config.loss_matching * losses + config.discriminability_matching * discriminable


def _told_of_classes(model: Hypernetwork) -> Performance:
    """What is matched: the class losses also of models that are told another number."""
    return model.performance if model.conditioning.per_class else Performance()


def _evenly(steps: int, count: int) -> list[int]:
    return sorted({math.ceil(steps * (index + 1) / count) for index in range(count)})
