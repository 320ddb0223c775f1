"""What a configuration asks of a machine, told before anything runs: disk, memory and arithmetic.

Numbers of checkpoints, parameters and bytes follow from the configuration, as upper bounds: a run may save fewer
checkpoints than it may. Floating-point operations are those of matrix products, counted in a forward pass; a training
step takes three times as many. Hours follow from a speed that the caller gives.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from hyperforget.config import Config, DatasetConfig, HardwareConfig, TaskConfig
from hyperforget.config.families import home_of_hypernetworks, teachers
from hyperforget.config.image_shapes import known_shape
from hyperforget.config.methods import Method
from hyperforget.config.models import ModelConfig
from hyperforget.config.networks import ImageShape
from hyperforget.data.sources import raw_images
from hyperforget.hypernet.model import Hypernetwork
from hyperforget.hypernet.recomputing import edge_bytes
from hyperforget.networks.graph import graph_of
from hyperforget.networks.kinds import layout_for
from hyperforget.networks.layout import Layout
from hyperforget.provenance.text import aligned

_FLOAT_BYTES = 4
# Parameters stay on disk; losses and counts are read, joined, divided into runs and transformed.
_COPIES_OF_OUTCOMES = 4
# Weights, gradients, two moments of AdamW and the moving average.
_COPIES_OF_A_MODEL = 5


@dataclass(frozen=True)
class CorpusPlan:
    """One corpus of a task: its size, and about how much memory it takes in a stage that reads it.

    ``disk_bytes`` are the parameters of its segments, and again those of the pack that training draws from.
    """

    task: str
    corpus: str
    shards: int
    runs: int
    checkpoints: int
    parameters: int
    disk_bytes: int
    reader_bytes: int


@dataclass(frozen=True)
class ModelPlan:
    """One hypernetwork of a task: its size, and what training and sampling take.

    ``disk_bytes`` are its snapshots, ``state_bytes`` what unfinished training keeps, ``device_bytes`` what training
    needs on its device beside activations, of which ``edge_bytes`` are those of the edges between hidden layers of main
    networks, the only ones that grow with the square of a width. ``training_flops`` are for the whole training,
    ``probe_flops`` for measuring prompt alignment, ``request_flops`` for sampling all candidates of one forget set, 0
    for a model that forgets none.
    """

    task: str
    model: str
    parameters: int
    disk_bytes: int
    state_bytes: int
    device_bytes: int
    edge_bytes: int
    training_flops: int
    probe_flops: int
    request_flops: int


@dataclass(frozen=True)
class Plan:
    """A whole configuration."""

    corpora: list[CorpusPlan]
    models: list[ModelPlan]


def plan(config: Config) -> Plan:
    """The plan of a configuration; reads no data, except a file of images for their size.

    Raises `UserError` for such a file that cannot be read.
    """
    corpora, models = [], []
    layouts = {
        name: layout_for(task.main_network, image_shape(task.dataset), len(task.classes))
        for name, task in config.tasks.items()
    }
    for task_name, task in config.tasks.items():
        corpora += _plan_corpora(task_name, task, layouts[task_name])
        # Tasks that share hypernetworks have them once.
        if home_of_hypernetworks(config, task_name) == task_name:
            taught = [layouts[name] for name in teachers(config, task_name)]
            models += [_plan_model(config, task_name, name, taught) for name in config.models]
    return Plan(corpora, models)


def image_shape(dataset: DatasetConfig) -> ImageShape:
    """The shape of the images of a dataset. Raises `UserError` as `plan` does."""
    return known_shape(dataset) or raw_images(dataset).shape


def forward_flops(model: nn.Module, *inputs: Tensor) -> int:
    """Floating-point operations of the matrix products in a forward pass; device ``meta`` does none."""
    with FlopCounterMode(display=False) as counter:
        model(*inputs)
    total: int = counter.get_total_flops()
    return total


def _plan_corpora(name: str, task: TaskConfig, layout: Layout) -> list[CorpusPlan]:
    plans = []
    for corpus, collection in task.collections.items():
        # Each run's start is kept beside its checkpoints.
        checkpoints = collection.runs * (collection.checkpoints + 1)
        outcomes = 4 * checkpoints * len(task.forgettable) * _FLOAT_BYTES
        plans.append(
            CorpusPlan(
                name,
                corpus,
                collection.shards,
                collection.runs,
                checkpoints,
                layout.size,
                2 * checkpoints * layout.size * _FLOAT_BYTES,
                outcomes * _COPIES_OF_OUTCOMES,
            )
        )
    return plans


def _plan_model(config: Config, task: str, name: str, taught: Sequence[Layout]) -> ModelPlan:
    model, told, layout = config.models[name], config.conditioning(name), taught[0]
    several = taught if len(taught) > 1 else ()
    told_of = len(config.tasks[task].forgettable)
    with torch.device("meta"):
        hypernetwork = Hypernetwork(layout, told, model.architecture, config.performance(name), several, told_of)
        values = torch.empty(1, hypernetwork.space.dimension)
        scalars = torch.empty(1, config.performance(name).count(told_of))
        start = (values, scalars) if hypernetwork.conditioning.uses_start else ()
        once = forward_flops(hypernetwork, values, torch.empty(1), scalars, *start)
    parameters = hypernetwork.parameter_count
    weights = parameters * _FLOAT_BYTES
    training, sampling, probe = model.training, model.sampling, config.probe
    prompts = len(config.prompts.forget) * len(config.prompts.retain)
    probed = 2 * training.snapshots * probe.networks * probe.prompts * scalars.shape[1]
    return ModelPlan(
        task,
        name,
        parameters,
        training.snapshots * weights,
        # Weights, two moments and the moving average, and the snapshots that were taken so far.
        (4 + training.snapshots - 1) * weights,
        _COPIES_OF_A_MODEL * weights,
        max(_edge_bytes(model, config.hardware, each) for each in taught),
        3 * once * training.batch_size * training.steps,
        once * sampling.steps * probed,
        once * sampling.steps * sampling.candidates * prompts * (Method(name) in config.all_methods),
    )


def _edge_bytes(model: ModelConfig, hardware: HardwareConfig, layout: Layout) -> int:
    """What training keeps of edges for each piece of a batch, in float32."""
    if model.architecture.space != "weights" or model.architecture.tokens != "units":
        return 0
    piece = math.ceil(model.training.batch_size / (hardware.micro_batches * hardware.processes))
    return edge_bytes(graph_of(layout), piece, model.architecture.layers)


def as_text(found: Plan, teraflops: float | None) -> str:
    """The plan as two tables; given a sustained speed in 10¹² operations a second, also in hours."""
    corpora = [
        {
            "task": plan.task,
            "corpus": plan.corpus,
            "jobs": f"{plan.shards}",
            "checkpoints": f"{plan.checkpoints:,}",
            "parameters": f"{plan.parameters:,}",
            "disk": _size(plan.disk_bytes),
            "memory of a reader": _size(plan.reader_bytes),
        }
        for plan in found.corpora
    ]
    models = [
        {
            "task": plan.task,
            "model": plan.model,
            "parameters": f"{plan.parameters:,}",
            "disk": _size(plan.disk_bytes),
            "unfinished": _size(plan.state_bytes),
            "device memory": _size(plan.device_bytes),
            "of edges": _size(plan.edge_bytes) if plan.edge_bytes else "-",
            "training": _work(plan.training_flops, teraflops),
            "probing": _work(plan.probe_flops, teraflops),
            "a forget set": _work(plan.request_flops, teraflops),
        }
        for plan in found.models
    ]
    disk = sum(plan.disk_bytes for plan in found.corpora) + sum(plan.disk_bytes for plan in found.models)
    return "\n\n".join([_table(corpora), _table(models), f"disk in all: {_size(disk)}"])


def _size(count: int) -> str:
    """Bytes in the unit that leaves one to three digits before the point."""
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.3g} {units[0]}"


def _work(flops: int, teraflops: float | None) -> str:
    if not flops:
        return "-"
    return f"{flops:.2g} FLOP" if teraflops is None else f"{flops / (teraflops * 1e12) / 3600:.2g} h"


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows of one set of keys, which head the columns."""
    return "\n".join(aligned([list(rows[0]), *(list(row.values()) for row in rows)]))
