"""Train one shard of runs and store their admitted checkpoints as a segment."""

from dataclasses import asdict

from hyperforget.collection.admission import check_diverged
from hyperforget.collection.collecting import collect_runs
from hyperforget.collection.schedule import Runs
from hyperforget.collection.segment import SEGMENT_ARRAYS, SEGMENT_DIMENSIONS
from hyperforget.config.corpora import MAIN_CORPUS
from hyperforget.config.specs import CollectionSpec
from hyperforget.data.splits import conditioning_split, load_task_data
from hyperforget.forget_set import places_of
from hyperforget.networks.initialisations import initialise
from hyperforget.networks.kinds import layout_for
from hyperforget.runtime.randomness import generator_for
from hyperforget.runtime.stage import Job
from hyperforget.store.tokens import write_token


def run(job: Job[CollectionSpec]) -> None:
    """Load, call, save."""
    spec, task, corpus, shard = job.spec, job.names["task"], job.names["corpus"], int(job.names["shard"])
    data = load_task_data(job.store, job.input("dataset")).to(job.device)
    layout = layout_for(spec.network, data.image, data.outputs)
    # Each corpus has runs of its own; those of the main one are drawn without its name.
    further = [] if corpus == MAIN_CORPUS else [corpus]
    shared = initialise(layout, 1, generator_for(spec.seed, "shared start", task), spec.recipes[0].initialisation)
    runs = Runs(
        layout,
        spec.runs,
        spec.collection,
        spec.recipes,
        places_of(spec.pivots, data.labels),
        [places_of(classes, data.labels) for classes in spec.holdout],
        shared if spec.collection.starts == "shared" else None,
        groups=0 if data.answers is None else data.classes,
    )
    arrays, decided = collect_runs(
        runs,
        data.train,
        conditioning_split(data, spec.protocol),
        generator_for(spec.seed, "collect", task, *further, shard),
        job.resuming,
    )
    factor = spec.collection.learning_rates[1]
    check_diverged(decided, task, [recipe.learning_rate * factor for recipe in spec.recipes])
    counts = asdict(decided.named(data.labels))
    named = {"task": task, "corpus": corpus, "shard": shard}
    attributes = {
        **named,
        **layout.attributes,
        "parameters": [asdict(parameter) for parameter in layout.parameters],
        "spec": spec.model_dump(mode="json"),
        "admission": counts,
        "arrays": SEGMENT_ARRAYS,
    }
    object_id = job.store.publish("segment", arrays, attributes, dimensions=SEGMENT_DIMENSIONS)
    summary = named | {"runs": int(arrays["saved"].shape[0]), "admission": counts}
    write_token(job.output("token"), "segment", object_id, summary)
