"""Every stage's command line for a tiny setting, as the workflow's rules would write it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hyperforget.config import Config, load_config
from hyperforget.config.corpora import MAIN_CORPUS, corpus_name
from hyperforget.config.methods import NEAREST, ORIGINAL, RETRAINED, STRANGERS, Method
from hyperforget.config.slices import spec_of
from hyperforget.runtime.stage import run_stage
from hyperforget.stages.interfaces import STAGES

TASK = "digits-4"
# One set of the tables, one held out, and one that no configuration names and that has a pivot in it.
FORGET_SETS = ["2", "3", "1-3"]
TINY_MODEL: dict[str, Any] = {
    "architecture": {"width": 16, "layers": 1, "heads": 2, "frequencies": 4},
    "training": {"steps": 30, "batch_size": 32, "warmup": 5, "snapshots": 2, "precision": "float32"},
    "sampling": {"steps": 3, "candidates": 4},
}
VALUES: dict[str, Any] = {
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
        "dihyfo-1": TINY_MODEL | {"editing": {"rounds": 3, "offered": "all"}},
        "dihyfo-2": TINY_MODEL,
        "gpt": TINY_MODEL | {"metric": "error", "training": TINY_MODEL["training"] | {"rebalance": True}},
    },
    "methods": {
        "own": {"file": str(Path(__file__).with_name("own_code.py")), "function": "lower", "settings": {"by": 50}}
    },
    "metrics": {
        "largest": {
            "file": str(Path(__file__).with_name("own_code.py")),
            "function": "largest_probability",
            "settings": {"power": 1},
            "sets": ["forget", "retain"],
        }
    },
    "prompts": {"forget": [0.5, 0.9], "retain": [0.5]},
    "trade_off": {"forget": [0.9, 0.1], "networks": 3},
    "probe": {"prompts": 3, "networks": 2},
    "optimizers": {"networks": 3, "updates": 2, "best": 0.1, "adam_learning_rates": [0.01]},
    "evaluation": {"membership_networks": 2},
}


def settings(**changes: Any) -> Config:
    """The tiny setting with some values changed, section by section."""
    return load_config(_changed(VALUES, changes))


def with_collection(corpus: str = MAIN_CORPUS, **changes: Any) -> Config:
    """The tiny setting with another collection for a corpus, which is made where the task has none of that name."""
    if corpus == MAIN_CORPUS:
        return settings(tasks={TASK: {"collection": changes}})
    key = corpus.removeprefix(corpus_name(""))
    return settings(tasks={TASK: {"corpora": {key: {"models": ["dihyfo-2"], **changes}}}})


def _changed(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {
        key: _changed(values.get(key, {}), change) if isinstance(change, Mapping) else change
        for key, change in changes.items()
    }
    return {**values, **merged}


SETTINGS = settings()
METHODS = list(map(str, SETTINGS.methods_on(TASK)))

Job = tuple[str, list[str]]


def job(
    stage: str,
    results: Path,
    names: Mapping[str, str],
    config: Config = SETTINGS,
    **files: Path | Sequence[Path],
) -> Job:
    """A stage and its command line for the job that has these ``names``; lists become several files of one argument."""
    interface = STAGES[stage]
    spec = spec_of(interface.spec_type, config, names)
    arguments = ["--store", str(results / "store"), "--spec", spec.model_dump_json()]
    for name in interface.names:
        if name.rstrip("?") in names:
            arguments += [f"--{name.rstrip('?')}", names[name.rstrip("?")]]
    for name, paths in files.items():
        arguments += [f"--{name.replace('_', '-')}", *map(str, [paths] if isinstance(paths, Path) else paths)]
    return stage, arguments


def run(job: Job) -> None:
    stage, arguments = job
    run_stage(stage, STAGES[stage], arguments)


def collect(results: Path, shard: int, corpus: str = MAIN_CORPUS, /, **collection: Any) -> Job:
    return collect_by(with_collection(corpus, **collection), results, shard, corpus)


def collect_by(config: Config, results: Path, shard: int, corpus: str = MAIN_CORPUS) -> Job:
    folder = results / TASK
    return job(
        "collect_checkpoints",
        results,
        {"task": TASK, "corpus": corpus, "shard": str(shard)},
        config,
        dataset=folder / "dataset.json",
        token=folder / corpus / f"shard-{shard}.json",
    )


def assemble(results: Path, corpus: str = MAIN_CORPUS, /, **collection: Any) -> Job:
    folder = results / TASK
    return job(
        "assemble_corpus",
        results,
        {"task": TASK, "corpus": corpus},
        with_collection(corpus, **collection),
        dataset=folder / "dataset.json",
        segments=[folder / corpus / f"shard-{shard}.json" for shard in range(SETTINGS.tasks[TASK].collection.shards)],
        token=folder / f"{corpus}.json",
        classes=folder / f"{corpus}-classes.csv",
        forget_sets=folder / f"{corpus}-forget-sets.csv",
        bins=folder / f"{corpus}-bins.csv",
    )


def jobs(results: Path, config: Config = SETTINGS) -> dict[str, Job]:
    """Every job of the workflow up to the metrics, by name, in an order that its inputs allow."""
    folder = results / TASK
    dataset, corpus = folder / "dataset.json", folder / f"{MAIN_CORPUS}.json"

    def made(method: Method | str, forget: str) -> dict[str, Path]:
        place = folder / str(method) / f"forget-{forget}"
        return {"token": place.with_suffix(".json"), "network": place.with_suffix(".safetensors")}

    def add(key: str, stage: str, names: Mapping[str, str], **files: Path | Sequence[Path]) -> None:
        every[key] = job(stage, results, {"task": TASK, **names}, config, **files)

    every: dict[str, Job] = {}
    add("fetch_dataset", "fetch_dataset", {}, token=dataset)
    every |= {f"collect_checkpoints/{shard}": collect_by(config, results, shard) for shard in range(2)}
    every["assemble_corpus"] = assemble(results)
    for name in (ORIGINAL, STRANGERS):
        key, token = f"train_{name}", folder / f"{name}.json"
        add(key, "train_reference", {"method": name}, dataset=dataset, token=token)
    for name in config.models:
        own, hypernet = folder / name, folder / name / "hypernet.json"
        curves = {kind: own / f"{kind}.csv" for kind in ("alignment", "prompts", "distribution")}
        asked = {"dataset": dataset, "corpus": corpus, "hypernet": hypernet}
        add(
            f"train_hypernet/{name}",
            "train_hypernet",
            {"model": name},
            dataset=dataset,
            corpora=[corpus],
            token=hypernet,
            history=own / "history.csv",
        )
        add(f"probe_hypernet/{name}", "probe_hypernet", {"model": name}, **asked, **curves)
        if name in config.learned_optimizers:
            add(
                f"compare_optimizers/{name}",
                "compare_optimizers",
                {"model": name},
                **asked,
                curves=own / "optimizers.csv",
            )
    for method in config.all_methods:
        if method.base in config.models:
            asked = {"dataset": dataset, "corpus": corpus, "hypernet": folder / method.base / "hypernet.json"}
            stage, trained = "sweep_unlearned", {}
            if method.edits:
                stage, trained = "sweep_edited", {"originals": folder / f"{ORIGINAL}.json"}
            trade_off = folder / str(method) / "trade-off.csv"
            add(f"sweep/{method}", stage, {"method": str(method)}, **asked, **trained, trade_off=trade_off)
    for forget in FORGET_SETS:
        for method in config.methods_on(TASK):
            names = {"method": str(method), "forget": forget}
            files: dict[str, Path] = {"dataset": dataset, **made(method, forget)}
            suffix = f"-{STRANGERS}" if method.on_strangers else ""
            if method.edits:
                files["originals"] = folder / f"{STRANGERS if method.on_strangers else ORIGINAL}.json"
            if method.base in config.models:
                files |= {"corpus": corpus, "hypernet": folder / method.base / "hypernet.json"}
                kind, stage = ("edit", "sample_edited") if method.edits else ("sample", "sample_unlearned")
                add(f"{kind}/{method.base}{suffix}/{forget}", stage, names, **files)
            elif (function := config.own_method(str(method))) is not None:
                originals, code = folder / f"{ORIGINAL}.json", Path(function.file or "")
                add(f"{method}/{forget}", "edit_original", names, **files, originals=originals, code=code)
            elif method.edits:
                add(f"{method}/{forget}", "edit_original", names, **files)
            elif method.base == NEAREST:
                add(f"look_up/{forget}", "look_up_checkpoints", names, **files, corpus=corpus)
            else:
                assert method.base == RETRAINED
                add(f"retrain/{forget}", "train_reference", names, **files)
        add(
            f"evaluate/{forget}",
            "evaluate",
            {"forget": forget},
            dataset=dataset,
            networks=[made(method, forget)["token"] for method in config.methods_on(TASK)],
            code=[Path(metric.file or "") for metric in config.metrics.values()],
            metrics=folder / f"forget-{forget}.csv",
            candidates=folder / f"forget-{forget}-candidates.csv",
            confusion=folder / f"forget-{forget}-confusion.csv",
        )
    for name in config.generators:
        exported = folder / name / "generator"
        add(
            f"export_generator/{name}",
            "export_generator",
            {"model": name},
            dataset=dataset,
            corpus=corpus,
            hypernet=folder / name / "hypernet.json",
            metrics=[folder / f"forget-{forget}.csv" for forget in FORGET_SETS],
            description=exported / "config.json",
            weights=exported / "model.safetensors",
            card=exported / "README.md",
        )
    hypernets = [folder / name / "hypernet.json" for name in config.models]
    add(
        "measure_requests",
        "measure_requests",
        {},
        dataset=dataset,
        originals=folder / f"{ORIGINAL}.json",
        corpus=corpus,
        corpora=[corpus] * len(hypernets),
        hypernets=hypernets,
        requests=folder / "requests.csv",
    )
    parts = [folder / f"forget-{forget}.csv" for forget in FORGET_SETS]
    add("gather_metrics", "gather_metrics", {}, parts=parts, metrics=results / "metrics.csv")
    return every


def audit(results: Path, forget: str) -> Job:
    """Further metrics of all methods on one forget set."""
    folder, config = results / TASK, settings(audit=["zrf", "tow", "layer_distance", "idi", "hypervolume"])
    of_methods = [folder / method / f"forget-{forget}.json" for method in METHODS]
    return job(
        "audit",
        results,
        {"task": TASK, "forget": forget},
        config,
        dataset=folder / "dataset.json",
        networks=[folder / f"{ORIGINAL}.json", *of_methods],
        trade_offs=[
            folder / method / "trade-off.csv" for method in METHODS if (folder / method / "trade-off.csv").exists()
        ],
        metrics=folder / f"audit-{forget}.csv",
        **{kind: folder / f"audit-{forget}-{kind}.csv" for kind in ("criteria", "comparisons", "judged")},
    )


def text_files(folder: Path) -> dict[str, bytes]:
    """The bytes of all tokens and tables, by their path."""
    paths: Iterable[Path] = [*folder.rglob("*.json"), *folder.rglob("*.csv")]
    outside = [path for path in paths if not path.is_relative_to(folder / "store")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in outside}
