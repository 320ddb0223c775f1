"""Compare a hypernetwork that reads a start, as a learned optimiser, with SGD and Adam."""

from hyperforget.collection.checkpoints import load_outcomes
from hyperforget.config.specs import OptimizersSpec
from hyperforget.data.splits import conditioning_split, load_task_data
from hyperforget.hypernet.sampling import Sampling, chain
from hyperforget.hypernet.stored import load_hypernetwork
from hyperforget.metrics.performance import performance_values
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.kinds import layout_for
from hyperforget.probing.optimizer_curves import compare_optimizers, rival_recipes
from hyperforget.records.files import write_rows
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job
from hyperforget.unlearning.prompts import best_prompt


def run(job: Job[OptimizersSpec]) -> None:
    """Load, call, save."""
    spec, task, model = job.spec, job.names["task"], job.names["model"]
    data = load_task_data(job.store, job.input("dataset")).to(job.device)
    split = conditioning_split(data, spec.protocol)
    layout = layout_for(spec.network, data.image, data.outputs)
    hypernet = load_hypernetwork(job.store, job.input("hypernet"), data.labels, layout)
    hypernet.model.to(job.device)
    # All models of a task, and all optimisers, get the same starts; gradient descent also
    # the same minibatches.
    starts = initialise(
        layout,
        spec.optimizers.networks,
        generator_for(spec.seed, "optimizers", task, "starts"),
        spec.recipe.initialisation,
    )
    outcomes = load_outcomes(job.store, job.input("corpus"), split.class_sizes)
    performance = performance_values(outcomes, hypernet.performance)
    prompt = best_prompt(outcomes.losses, performance, spec.optimizers.best)
    sampling = Sampling(spec.sampling, generator_for(spec.seed, "optimizers", task, "updates", model), job.resuming)
    learned = chain(hypernet, prompt, starts, spec.optimizers.updates, split, sampling)
    rows = compare_optimizers(
        learned.networks,
        data,
        rival_recipes(spec.recipe, spec.optimizers),
        lambda: generator_for(spec.seed, "optimizers", task, "minibatches"),
        job.resuming,
    )
    write_rows(job.output("curves"), rows)
