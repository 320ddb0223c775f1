"""Making a generator of what a run has in its store."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import hyperforget
from hyperforget.collection.checkpoints import load_corpus, load_outcomes
from hyperforget.config.methods import RETRAINED, Method
from hyperforget.config.models import SolverConfig
from hyperforget.config.specs import GeneratorSpec
from hyperforget.data.splits import conditioning_split, need_classes, task_data
from hyperforget.errors import UserError
from hyperforget.generator.description import Description, Images, Lineage, Measured, Prompt, Solver
from hyperforget.generator.generator import Generator
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.networks.kinds import layout_for
from hyperforget.networks.layout import Layout
from hyperforget.records.methods import MetricRow
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.levels import fit_levels

# What the description tells of all that was measured.
_TOLD = {("accuracy", "retain"), ("accuracy", "forget"), ("shift", "forget"), ("auc", "forget")}


@dataclass(frozen=True)
class Made:
    """What a run made: a model of a task, by the tokens of its dataset, corpus and hypernetwork."""

    task: str
    model: str
    dataset: Path
    corpus: Path
    hypernet: Path


def export(store: Store, made: Made, spec: GeneratorSpec, metrics: Sequence[MetricRow]) -> Generator:
    """The generator that a model of a task is; ``metrics`` are of what was measured, if anything.

    Raises `UserError` where no checkpoint of the corpus knows one of the classes.
    """
    dataset = store.read(read_token(made.dataset, kind="dataset").object_id, kind="dataset")
    attributes, pixels = dataset.attributes, dataset.arrays["train_images"]
    data = task_data(dataset.arrays, attributes)
    need_classes(data, "a generator")
    sizes = conditioning_split(data, spec.protocol).class_sizes
    layout = layout_for(spec.network, data.image, data.classes)
    hypernet = load_hypernetwork(store, made.hypernet, data.labels, layout)
    outcomes = load_outcomes(store, made.corpus, sizes)
    levels = fit_levels(outcomes, hypernet.performance)
    known = levels.shown(torch.zeros(1, data.classes, dtype=torch.bool))[0].tolist()
    if not all(known):
        label = data.labels[known.index(False)]
        raise UserError(f"no checkpoint of {made.corpus} knows class {label}, so no network can be asked to retain it")
    starts = load_corpus(store, made.corpus, hypernet.performance, sizes).performance[:, 0]
    network = hypernet.model
    description = Description(
        package_version=hyperforget.__version__,
        weights_sha256="0" * 64,  # known once they are written
        task=made.task,
        model=made.model,
        dataset=spec.data_name,
        labels=list(data.labels),
        pivots=spec.pivots,
        network=_described(network.layout),
        learned_from=[_described(each) for each in network.learned_from],
        initialisation=spec.initialisation,
        images=Images(
            pixels=pixels.shape[1],
            mean=data.mean,
            std=data.std,
            lowest=float(pixels.min()),
            highest=float(pixels.max()),
        ),
        conditioning=network.conditioning.name,
        told=hypernet.performance.named(data.labels),
        process=hypernet.process.name,
        architecture=network.architecture,
        prompt=Prompt(forget=spec.prompts.forget[0], retain=spec.prompts.retain[0]),
        sampling=_solver(spec.sampling),
        editing=_solver(spec.editing),
        rounds=spec.editing.rounds,
        checkpoints=len(outcomes.losses),
        lineage=Lineage(
            dataset=dataset.id,
            corpus=read_token(made.corpus, kind="corpus").object_id,
            hypernetwork=read_token(made.hypernet, kind="hypernet").object_id,
        ),
        measured=_measured(made, metrics),
    )
    return Generator(description, hypernet, levels, starts.nanmedian(dim=0).values)


def _described(layout: Layout) -> Any:
    (told,) = layout.attributes.values()
    return told


def _solver(settings: SolverConfig) -> Solver:
    return Solver(steps=settings.steps, stochasticity=settings.stochasticity)


def _measured(made: Made, metrics: Sequence[MetricRow]) -> list[Measured]:
    """What was measured of a model's networks, its edits and, beside them, retrained ones: medians over networks."""
    methods = list(map(str, (Method(made.model), Method(made.model, edits=True), RETRAINED)))
    of_task = [row for row in metrics if row.task == made.task and row.method in methods]
    rows = [row for row in of_task if row.selection == "population" and (row.metric, row.set) in _TOLD]
    return [
        Measured(
            method=row.method,
            forget=row.forget,
            set=row.set,
            metric=row.metric,
            value=row.value,
            low=row.low,
            high=row.high,
            networks=row.n,
        )
        for row in sorted(rows, key=lambda row: methods.index(row.method))
    ]
