"""Train original networks or strangers on everything, or retrain networks without a forget set; many at once."""

import torch

from hyperforget.config.methods import STRANGERS
from hyperforget.config.specs import ReferenceSpec
from hyperforget.data.splits import conditioning_split, load_task_data
from hyperforget.forget_set import parse_forget_set, places_of
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.kinds import layout_for
from hyperforget.networks.training import Hooks, constant_curriculum, train_population
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.candidates import check_diverged, make_candidates, publish_candidates
from hyperforget.unlearning.handover import export_chosen


def run(job: Job[ReferenceSpec]) -> None:
    """Load, call, save."""
    spec, task, forget = job.spec, job.names["task"], job.names.get("forget")
    data = load_task_data(job.store, job.input("dataset")).to(job.device)
    layout = layout_for(spec.network, data.image, data.outputs)
    purpose = "strangers" if job.names["method"] == STRANGERS else "reference"
    generator = generator_for(spec.seed, purpose, task, forget)
    rates = torch.ones(spec.count, data.classes)
    if forget:
        rates[:, list(places_of(parse_forget_set(forget, data.labels).classes, data.labels))] = 0
    networks = train_population(
        initialise(layout, spec.count, generator, spec.recipe.initialisation),
        data.train,
        spec.recipe,
        constant_curriculum(rates),
        generator,
        Hooks(resuming=job.resuming),
    )
    split = conditioning_split(data, spec.protocol)
    candidates = make_candidates(networks, split)
    key = "strangers.recipe" if job.names["method"] == STRANGERS else "recipe"
    check_diverged(
        candidates.losses,
        split.class_sizes,
        f"networks of {job.names['method']} on task {task!r}",
        f"lower the task's {key}.learning_rate, which is {spec.recipe.learning_rate:g}",
    )
    publish_candidates(job.store, job.output("token"), candidates, 0, dict(job.names))
    if "network" in job.outputs:
        export_chosen(job.output("network"), candidates, 0, data, dict(job.names))
