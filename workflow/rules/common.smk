import json
import sys
from pathlib import Path

try:
    from hyperforget.code import code_digest
    from hyperforget.command import UserError
    from hyperforget.config import EDIT, LOOKUP, RETRAINED, forget_set, load_config, reads_start, warnings
    from hyperforget.report.names import FIGURE_FOLDER, TABLE_FOLDER, figure_files, table_files
except ModuleNotFoundError as error:
    sys.exit(f"error: {error}; install the package with 'make setup' or 'pip install -e . -c constraints.txt'")

# A configuration on the command line replaces the default one, instead of adding its tasks to it.
if not workflow.overwrite_configfiles:
    local_config = Path("config") / "config.yaml"
    root = Path(str(workflow.current_basedir)).parents[1]

    configfile: str(local_config if local_config.exists() else root / local_config)


def read_settings():
    """The checked configuration; a fault ends the run with one sentence."""
    try:
        return load_config(config)
    except UserError as error:
        sys.exit(f"error: {error}")


settings = read_settings()
for warning in warnings(settings):
    print(f"warning: {warning}", file=sys.stderr)

STORE = settings.store


wildcard_constraints:
    task="|".join(settings.tasks),
    model="|".join(settings.models),
    shard=r"\d+",
    # Anything, so that a wrong forget set is answered by a sentence and not by "no rule to produce".
    forget=r"[^/]+(?<!-candidates)(?<!-confusion)",


def canonical(value):
    """One line of JSON with sorted keys: parameters are compared as text, and swapped values must differ."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def code(stage):
    """Digest of the code that a stage runs; a parameter of its rule, so that editing the code reruns it."""
    return code_digest(f"hyperforget.stages.{stage}")


def task_of(wildcards):
    """The task's settings; also refuses a wrong forget set, before any job runs."""
    task = settings.tasks[wildcards.task]
    if "forget" in wildcards.keys():
        try:
            forget_set(wildcards.forget, task)
        except UserError as error:
            sys.exit(f"error: {error}")
    return task


def memory(mb):
    """Memory in MB that grows with each attempt."""
    return lambda wildcards, attempt: mb * attempt


def dataset_spec(wildcards):
    task = task_of(wildcards)
    return canonical({"dataset": task.dataset.model_dump(), "classes": task.classes, "seed": settings.seed})


def network_spec(wildcards):
    """What every stage that handles main networks needs to know."""
    return {"hidden": task_of(wildcards).hidden, "seed": settings.seed, "protocol": settings.protocol}


def collection_spec(wildcards):
    task = task_of(wildcards)
    held_out = [forget_set(text, task).classes for text in task.holdout]
    return canonical(
        network_spec(wildcards)
        | {
            "collection": task.collection.model_dump(exclude={"minimum_runs", "minimum_forgotten"}),
            "recipe": task.recipe.model_dump(exclude={"steps"}),
            "pivots": task.pivots,
            "holdout": held_out,
        }
    )


def corpus_spec(wildcards):
    task = task_of(wildcards)
    return canonical(
        {
            "collection": task.collection.model_dump(),
            "pivots": task.pivots,
            "forget": task.forget,
            "holdout": task.holdout,
            "protocol": settings.protocol,
        }
    )


def original_spec(wildcards):
    task = task_of(wildcards)
    return canonical(network_spec(wildcards) | {"recipe": task.recipe.model_dump(), "count": task.originals})


def retrained_spec(wildcards):
    task = task_of(wildcards)
    return canonical(network_spec(wildcards) | {"recipe": task.recipe.model_dump(), "count": task.retrained})


def training_spec(wildcards):
    model = settings.models[wildcards.model]
    return canonical(
        {
            "hidden": task_of(wildcards).hidden,
            "seed": settings.seed,
            "model": model.model_dump(include={"process", "architecture", "training"}),
        }
    )


def probe_spec(wildcards):
    model = settings.models[wildcards.model]
    return canonical(
        {
            "pivots": task_of(wildcards).pivots,
            "protocol": settings.protocol,
            "seed": settings.seed,
            "probe": settings.probe.model_dump(),
            "sampling": model.sampling.model_dump(),
            "unseen_runs": model.training.unseen_runs,
        }
    )


def selection_spec(wildcards):
    return network_spec(wildcards) | {
        "prompts": settings.prompts.model_dump(),
        "selection": settings.selection.model_dump(),
    }


def sampling_spec(wildcards):
    sampling = settings.models[wildcards.model].sampling.model_dump()
    return canonical(selection_spec(wildcards) | {"sampling": sampling})


def editing_spec(wildcards):
    editing = settings.models[wildcards.model].editing.model_dump()
    return canonical(selection_spec(wildcards) | {"sampling": editing})


def lookup_spec(wildcards):
    # As many networks a prompt as the generators get.
    candidates = max(model.sampling.candidates for model in settings.models.values())
    return canonical(selection_spec(wildcards) | {"candidates": candidates})


def edit_spec(wildcards):
    return canonical(network_spec(wildcards))


def evaluation_spec(wildcards):
    task_of(wildcards)
    return canonical({"protocol": settings.protocol, "evaluation": settings.evaluation.model_dump()})


def segments(wildcards):
    shards = range(task_of(wildcards).collection.shards)
    return expand("results/{{task}}/checkpoints/shard-{shard}.json", shard=shards)


def all_networks(wildcards):
    task_of(wildcards)
    return expand("results/{{task}}/{method}/forget-{{forget}}.json", method=settings.methods)


def forget_sets(task):
    return [*settings.tasks[task].forget, *settings.tasks[task].holdout]


def all_forget_sets(pattern):
    return [pattern.format(task=task, forget=forget) for task in settings.tasks for forget in forget_sets(task)]


REPORT = {
    "protocol": settings.protocol,
    "models": list(settings.models),
    "methods": settings.methods,
    "tasks": {
        name: {
            "classes": [str(label) for label in task.classes],
            "pivots": task.pivots,
            "forget": task.forget,
            "holdout": task.holdout,
            "network": "MLP, ReLU, hidden units: " + ", ".join(map(str, task.hidden)),
            "description": f"{task.dataset.source}, classes {', '.join(map(str, task.classes))}",
        }
        for name, task in settings.tasks.items()
    },
}
TABLES = expand("results/{folder}/{file}", folder=TABLE_FOLDER, file=table_files(REPORT))


def figures(task):
    return expand("results/{folder}/{file}", folder=FIGURE_FOLDER, file=figure_files(REPORT, task))
