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
    collection = task.collections[wildcards.corpus]
    held_out = [forget_set(text, task).classes for text in task.holdout]
    # A shard knows its own runs only: more shards of the same size leave those that are there as they are.
    elsewhere = {"runs", "shards", "minimum_runs", "minimum_forgotten", "models", "recipes"}
    return canonical(
        network_spec(wildcards)
        | {
            "runs": collection.runs_of(int(wildcards.shard)),
            "collection": collection.model_dump(exclude=elsewhere),
            "recipes": [recipe.model_dump(exclude={"steps"}) for recipe in task.recipes_of(collection)],
            "pivots": task.pivots,
            "holdout": held_out,
        }
    )


def corpus_spec(wildcards):
    task = task_of(wildcards)
    return canonical(
        {
            "collection": task.collections[wildcards.corpus].model_dump(exclude={"models"}),
            "pivots": task.pivots,
            "forget": task.forget,
            "holdout": task.holdout,
            "protocol": settings.protocol,
        }
    )


def original_spec(wildcards):
    task = task_of(wildcards)
    return canonical(network_spec(wildcards) | {"recipe": task.recipe.model_dump(), "count": task.originals})


def strangers_spec(wildcards):
    task = task_of(wildcards)
    count = strangers_of(wildcards).count
    return canonical(network_spec(wildcards) | {"recipe": task.stranger_recipe.model_dump(), "count": count})


def retrained_spec(wildcards):
    task = task_of(wildcards)
    return canonical(network_spec(wildcards) | {"recipe": task.recipe.model_dump(), "count": task.retrained})


def training_spec(wildcards):
    model = settings.models[wildcards.model]
    return canonical(
        network_spec(wildcards)
        | {
            "conditioning": settings.conditioning(wildcards.model),
            "performance": asdict(settings.performance(wildcards.model)),
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
            "rebalance": model.training.rebalance,
        }
    )


def optimizers_spec(wildcards):
    return canonical(
        network_spec(wildcards)
        | {
            "recipe": task_of(wildcards).recipe.model_dump(),
            "optimizers": settings.optimizers.model_dump(),
            "sampling": settings.models[wildcards.model].sampling.model_dump(exclude={"candidates"}),
        }
    )


def selection_spec(wildcards):
    return network_spec(wildcards) | {
        "prompts": settings.prompts.model_dump(),
        "selection": settings.selection.model_dump(),
    }


def sampling_spec(wildcards):
    sampling = settings.models[wildcards.model].sampling.model_dump()
    initialisation = task_of(wildcards).recipe.initialisation
    return canonical(selection_spec(wildcards) | {"sampling": sampling, "initialisation": initialisation})


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
    "performances": {model: asdict(settings.performance(model)) for model in settings.models},
    "rebalanced": [name for name, model in settings.models.items() if model.training.rebalance],
    "methods": settings.methods,
    "learned_optimizers": settings.learned_optimizers,
    "tasks": {
        name: {
            "classes": [str(label) for label in task.classes],
            "pivots": task.pivots,
            "forget": task.forget,
            "holdout": task.holdout,
            "strangers": {
                "methods": settings.stranger_methods(name),
                "description": task.stranger_recipe.description,
            },
            "corpora": {
                corpus: [model for model in settings.models if task.corpus_of(model) == corpus]
                for corpus in task.collections
            },
            "network": "MLP, ReLU, hidden units: " + ", ".join(map(str, task.hidden)),
            "description": f"{task.dataset.source}, classes {', '.join(map(str, task.classes))}",
        }
        for name, task in settings.tasks.items()
    },
}
TABLES = expand("results/{folder}/{file}", folder=TABLE_FOLDER, file=table_files(REPORT))
