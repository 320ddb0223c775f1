"""Every stage's command line for a tiny setting, as the workflow's rules would write it."""

import importlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hyperforget.config import (
    EDIT,
    LOOKUP,
    MAIN_CORPUS,
    RETRAINED,
    STRANGERS,
    Config,
    forget_set,
    load_config,
)

TASK = "digits-4"
# One set of the tables, one held out, and one that no configuration names and that has a pivot in it.
FORGET_SETS = ["2", "3", "1-3"]
TINY_MODEL = {
    "architecture": {"width": 16, "layers": 1, "heads": 2, "frequencies": 4},
    "training": {"steps": 30, "batch_size": 32, "warmup": 5, "snapshots": 2, "precision": "float32"},
    "sampling": {"steps": 3, "candidates": 4},
}
SETTINGS: Config = load_config(
    {
        "tasks": {
            TASK: {
                "dataset": {"source": "digits"},
                "classes": [0, 1, 2, 3],
                "hidden": [2],
                "pivots": [0, 1],
                "forget": ["2"],
                "holdout": ["3"],
                "recipe": {"steps": 60, "learning_rate": 0.3},
                "collection": {
                    "runs": 40,
                    "shards": 2,
                    "steps": 60,
                    "checkpoints": 4,
                    "reviews": 8,
                    "reviews_per_run": 4,
                    "admission": "bins",
                    "bin_cap": 1.0,
                    "pivot_accuracy": 0.5,
                    "minimum_runs": 5,
                    "minimum_forgotten": 2,
                },
                "originals": 2,
                "retrained": 3,
                "strangers": {"count": 3, "recipe": {"learning_rate": 0.02, "batch_size": 48, "steps": 50}},
            }
        },
        "models": {
            "dihyfo-1": TINY_MODEL,
            "dihyfo-2": TINY_MODEL,
            "gpt": TINY_MODEL | {"metric": "error", "training": TINY_MODEL["training"] | {"rebalance": True}},
        },
        "prompts": {"forget": [0.5, 0.9], "retain": [0.5]},
        "probe": {"prompts": 3, "networks": 2},
        "optimizers": {"networks": 3, "updates": 2, "best": 0.1, "adam_learning_rates": [0.01]},
        "evaluation": {"membership_networks": 2},
    }
)

# Settings of a collection that a single shard does not read.
ELSEWHERE = {"runs", "shards", "minimum_runs", "minimum_forgotten", "recipes"}
METHODS = [*SETTINGS.methods, *SETTINGS.stranger_methods(TASK)]

Job = tuple[str, list[str]]


def job(stage: str, results: Path, spec: dict[str, Any] | None, **options: object) -> Job:
    """A stage and its command line; lists become several arguments of one option."""
    arguments = ["--store", str(results / "store")]
    arguments += [] if spec is None else ["--spec", json.dumps(spec)]
    for name, value in options.items():
        values = value if isinstance(value, list) else [value]
        arguments += [f"--{name.replace('_', '-')}", *map(str, values)]
    return stage, arguments


def run(job: Job) -> None:
    stage, arguments = job
    importlib.import_module(f"hyperforget.stages.{stage}").main(arguments)


def collect(results: Path, shard: int, corpus: str = MAIN_CORPUS, **collection: object) -> Job:
    task = SETTINGS.tasks[TASK]
    spec = {
        "hidden": task.hidden,
        "seed": SETTINGS.seed,
        "protocol": SETTINGS.protocol,
        "runs": task.collection.runs_of(shard),
        "collection": task.collection.model_dump(exclude=ELSEWHERE) | collection,
        "recipes": [recipe.model_dump(exclude={"steps"}) for recipe in task.recipes_of(task.collection)],
        "pivots": task.pivots,
        "holdout": [forget_set(text, task).classes for text in task.holdout],
    }
    folder = results / TASK
    token = folder / corpus / f"shard-{shard}.json"
    return job(
        "collect_checkpoints",
        results,
        spec,
        task=TASK,
        corpus=corpus,
        shard=shard,
        dataset=folder / "dataset.json",
        token=token,
    )


def assemble(results: Path, corpus: str = MAIN_CORPUS, **collection: object) -> Job:
    task = SETTINGS.tasks[TASK]
    spec = {
        "collection": task.collection.model_dump() | collection,
        "pivots": task.pivots,
        "forget": task.forget,
        "holdout": task.holdout,
        "protocol": SETTINGS.protocol,
    }
    folder = results / TASK
    return job(
        "assemble_corpus",
        results,
        spec,
        task=TASK,
        corpus=corpus,
        dataset=folder / "dataset.json",
        segments=[folder / corpus / f"shard-{shard}.json" for shard in range(task.collection.shards)],
        token=folder / f"{corpus}.json",
        classes=folder / f"{corpus}-classes.csv",
        forget_sets=folder / f"{corpus}-forget-sets.csv",
        bins=folder / f"{corpus}-bins.csv",
    )


def jobs(results: Path) -> dict[str, Job]:
    """Every job of the workflow up to the metrics, by name, in an order that its inputs allow."""
    task, seed = SETTINGS.tasks[TASK], SETTINGS.seed
    folder = results / TASK
    data = {"task": TASK, "dataset": folder / "dataset.json"}
    corpus = {"corpus": folder / "corpus.json"}
    network = {"hidden": task.hidden, "seed": seed, "protocol": SETTINGS.protocol}
    reference = network | {"recipe": task.recipe.model_dump()}
    selection = network | {
        "prompts": SETTINGS.prompts.model_dump(),
        "selection": SETTINGS.selection.model_dump(),
    }

    def made(method: str, forget: str) -> dict[str, Path]:
        place = folder / method / f"forget-{forget}"
        return {"token": place.with_suffix(".json"), "network": place.with_suffix(".safetensors")}

    found = {
        "fetch_dataset": job(
            "fetch_dataset",
            results,
            {"dataset": task.dataset.model_dump(), "classes": task.classes, "seed": seed},
            task=TASK,
            token=folder / "dataset.json",
        ),
        "collect_checkpoints/0": collect(results, 0),
        "collect_checkpoints/1": collect(results, 1),
        "assemble_corpus": assemble(results),
        "train_original": job(
            "train_reference",
            results,
            reference | {"count": task.originals},
            **data,
            token=folder / "original.json",
        ),
        "train_strangers": job(
            "train_reference",
            results,
            network | {"recipe": task.stranger_recipe.model_dump(), "count": task.strangers.count},
            **data,
            token=folder / "strangers.json",
        ),
    }
    found["train_strangers"][1].append("--strangers")
    starts = {"": folder / "original.json", STRANGERS: folder / "strangers.json"}
    for name, model in SETTINGS.models.items():
        hypernet = folder / name / "hypernet.json"
        training = {
            "hidden": task.hidden,
            "seed": seed,
            "protocol": SETTINGS.protocol,
            "conditioning": SETTINGS.conditioning(name),
            "performance": asdict(SETTINGS.performance(name)),
            "model": model.model_dump(include={"process", "architecture", "training"}),
        }
        probing = {
            "pivots": task.pivots,
            "protocol": SETTINGS.protocol,
            "seed": seed,
            "probe": SETTINGS.probe.model_dump(),
            "sampling": model.sampling.model_dump(),
            "unseen_runs": model.training.unseen_runs,
            "rebalance": model.training.rebalance,
        }
        history = folder / name / "history.csv"
        curves = {kind: folder / name / f"{kind}.csv" for kind in ("alignment", "prompts", "distribution")}
        found |= {
            f"train_hypernet/{name}": job(
                "train_hypernet",
                results,
                training,
                model=name,
                **data,
                **corpus,
                token=hypernet,
                history=history,
            ),
            f"probe_hypernet/{name}": job(
                "probe_hypernet", results, probing, **data, **corpus, hypernet=hypernet, **curves
            ),
        }
    for name in SETTINGS.learned_optimizers:
        sampling = SETTINGS.models[name].sampling.model_dump(exclude={"candidates"})
        found[f"compare_optimizers/{name}"] = job(
            "compare_optimizers",
            results,
            reference | {"optimizers": SETTINGS.optimizers.model_dump(), "sampling": sampling},
            model=name,
            **data,
            **corpus,
            hypernet=folder / name / "hypernet.json",
            curves=folder / name / "optimizers.csv",
        )
    for forget in FORGET_SETS:
        for name in [name for name in SETTINGS.models if name in SETTINGS.methods]:
            model = SETTINGS.models[name]
            options = {
                "model": name,
                "forget": forget,
                **data,
                **corpus,
                "hypernet": folder / name / "hypernet.json",
            }
            spec = selection | {
                "sampling": model.sampling.model_dump(),
                "initialisation": task.recipe.initialisation,
            }
            found[f"sample/{name}/{forget}"] = job(
                "sample_unlearned", results, spec, method=name, **options, **made(name, forget)
            )
            for suffix, token in starts.items() if name + EDIT in SETTINGS.methods else []:
                method = name + EDIT + suffix
                found[f"edit/{name}{suffix}/{forget}"] = job(
                    "sample_unlearned",
                    results,
                    selection | {"sampling": model.editing.model_dump()},
                    method=method,
                    **options,
                    originals=token,
                    **made(method, forget),
                )
        found |= {
            f"bias{suffix}/{forget}": job(
                "edit_original",
                results,
                network,
                method=f"bias{suffix}",
                forget=forget,
                **data,
                originals=token,
                **made(f"bias{suffix}", forget),
            )
            for suffix, token in starts.items()
        }
        found |= {
            f"retrain/{forget}": job(
                "train_reference",
                results,
                reference | {"count": task.retrained},
                forget=forget,
                **data,
                **made(RETRAINED, forget),
            ),
            f"look_up/{forget}": job(
                "look_up_checkpoints",
                results,
                selection | {"candidates": 4},
                forget=forget,
                **data,
                **corpus,
                **made(LOOKUP, forget),
            ),
            f"evaluate/{forget}": job(
                "evaluate",
                results,
                {"protocol": SETTINGS.protocol, "evaluation": SETTINGS.evaluation.model_dump()},
                forget=forget,
                **data,
                methods=METHODS,
                networks=[made(method, forget)["token"] for method in METHODS],
                metrics=folder / f"forget-{forget}.csv",
                candidates=folder / f"forget-{forget}-candidates.csv",
                confusion=folder / f"forget-{forget}-confusion.csv",
            ),
        }
    parts = [folder / f"forget-{forget}.csv" for forget in FORGET_SETS]
    found["gather_metrics"] = job(
        "gather_metrics", results, None, parts=parts, metrics=results / "metrics.csv"
    )
    return found


def text_files(folder: Path) -> dict[str, bytes]:
    """The bytes of all tokens and tables, by their path."""
    paths: Iterable[Path] = [*folder.rglob("*.json"), *folder.rglob("*.csv")]
    outside = [path for path in paths if not path.is_relative_to(folder / "store")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in outside}
