# What each stage is told: its slice of the configuration as one line of canonical JSON. A stage reruns when its slice
# changes, so a slice holds what its stage reads and nothing else.


def dataset_spec(wildcards):
    task = task_of(wildcards)
    # A file of images is part of what is told: new content under the same name is another dataset.
    path = Path(task.dataset.path or "") if task.dataset.source == "npz" else None
    return canonical(
        {
            "dataset": task.dataset.model_dump(),
            "classes": task.classes,
            "seed": settings.seed,
            "content": path and file_digest(path),
        }
    )


def network_spec(wildcards):
    """What every stage that handles main networks needs to know."""
    return {"hidden": task_of(wildcards).hidden, "seed": settings.seed, "protocol": settings.protocol}


def collection_spec(wildcards):
    task = task_of(wildcards)
    held_out = [forget_set(text, task).classes for text in task.holdout]
    # A shard knows its own runs only: more shards of the same size leave those that are there as they are.
    elsewhere = {"runs", "shards", "minimum_runs", "minimum_forgotten"}
    return canonical(
        network_spec(wildcards)
        | {
            "runs": task.collection.runs_of(int(wildcards.shard)),
            "collection": task.collection.model_dump(exclude=elsewhere),
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
            "conditioning": settings.conditioning(wildcards.model),
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


# The part of the configuration that decides which tables and figures there are.
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
