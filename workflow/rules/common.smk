import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

try:
    from hyperforget.runtime.code_digest import code_digest
    from hyperforget.errors import UserError, nearest_choice
    from hyperforget.config import (
        EDIT,
        LOOKUP,
        MAIN_CORPUS,
        RETRAINED,
        STRANGERS,
        forget_set,
        load_config,
        warnings,
    )
    from hyperforget.store.files import file_digest
    from hyperforget.report.spec import FIGURE_FOLDER, TABLE_FOLDER, figure_files, table_files
except ModuleNotFoundError as error:
    sys.exit(
        f"error: {error}; install the package with 'make setup' or 'pip install -e . -c constraints.txt'"
    )

ROOT = Path(str(workflow.current_basedir)).parents[1]

# Jobs run with the Python that runs Snakemake, also where its environment was not activated. The environments in envs
# are built from the checkout.
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]),
    HYPERFORGET_ROOT=str(ROOT),
)

# A configuration on the command line replaces the default one, instead of adding its tasks to it.
if not workflow.overwrite_configfiles:
    local_config = Path("config") / "config.yaml"

    configfile: str(local_config if local_config.exists() else ROOT / local_config)


def read_settings():
    """The checked configuration; a fault ends the run with one sentence."""
    try:
        return load_config(config)
    except UserError as error:
        sys.exit(f"error: {error}")


settings = read_settings()
for warning in warnings(settings):
    print(f"warning: {warning}", file=sys.stderr)


# Where stages keep objects and results, and whether a known result may be restored instead of computed.
STORE = f"--store {shlex.quote(settings.store)}" + ("" if settings.reuse else " --no-reuse")


wildcard_constraints:
    # Anything, so that a wrong task or forget set is answered by a sentence and not by "no rule to produce".
    task=r"[^/]+",
    forget=r"[^/]+(?<!-candidates)(?<!-confusion)",
    model="|".join(settings.models),
    shard=r"\d+",
    strangers=f"({STRANGERS})?",
    corpus="|".join(sorted({corpus for task in settings.tasks.values() for corpus in task.collections})),


def canonical(value):
    """One line of JSON with sorted keys: parameters are compared as text, and swapped values must differ."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


# The same for stages that compute with torch, and what they compute on.
COMPUTE = f"{STORE} --hardware {shlex.quote(canonical(settings.hardware.model_dump()))}"

# GPUs of a job that computes on one. None for the device `auto`: what is there is used, but nothing is asked for.
GPUS = int(settings.hardware.device.startswith("cuda"))


def launcher():
    """What starts the Python of a job that several processes may do together."""
    processes = settings.hardware.processes
    return f"torchrun --standalone --nproc-per-node {processes}" if processes > 1 else "python"


def code(stage):
    """Digest of the code that a stage runs; a parameter of its rule, so that editing the code reruns it."""
    return code_digest(f"hyperforget.stages.{stage}")


def task_of(wildcards):
    """The task's settings; refuses an unknown task, forget set or corpus of it, before any job runs."""
    if wildcards.task not in settings.tasks:
        allowed = ", ".join(settings.tasks)
        nearest = nearest_choice(wildcards.task, settings.tasks)
        sys.exit(
            f"error: task {wildcards.task!r} is not in the configuration; allowed are {allowed}{nearest}"
        )
    task = settings.tasks[wildcards.task]
    if "forget" in wildcards.keys():
        try:
            forget_set(wildcards.forget, task)
        except UserError as error:
            sys.exit(f"error: {error}")
    if {"forget", "model"} <= set(wildcards.keys()) and wildcards.model not in settings.methods:
        allowed = ", ".join(settings.methods)
        sys.exit(f"error: model {wildcards.model!r} forgets no class; allowed are the methods {allowed}")
    if "corpus" in wildcards.keys() and wildcards.corpus not in task.collections:
        allowed = ", ".join(task.collections)
        sys.exit(f"error: task {wildcards.task!r} has no corpus {wildcards.corpus!r}; allowed are {allowed}")
    return task


def memory(mb):
    """Memory in MB that grows with each attempt."""
    return lambda wildcards, attempt: mb * attempt


def minutes(count):
    """Run time in minutes that grows with each attempt."""
    return lambda wildcards, attempt: count * attempt


def models_that_edit():
    """Models that read a start, and so can be given a trained network."""
    return [name for name in settings.models if name + EDIT in settings.methods]


def segments(wildcards):
    shards = range(task_of(wildcards).collections[wildcards.corpus].shards)
    return expand("results/{{task}}/{{corpus}}/shard-{shard}.json", shard=shards)


def corpus_of_model(wildcards):
    """The corpus that the model is trained on, and that tells which losses to prompt it with."""
    return f"results/{{task}}/{task_of(wildcards).corpus_of(wildcards.model)}.json"


def corpora(task, *files):
    """Tables of every corpus of a task, such as ``classes``."""
    return expand(
        "results/{task}/{corpus}-{file}.csv", task=task, corpus=settings.tasks[task].collections, file=files
    )


def strangers_of(wildcards):
    """The settings of a task's strangers; refuses a task that has none."""
    strangers = task_of(wildcards).strangers
    if not strangers.count:
        sys.exit(
            f"error: tasks.{wildcards.task}.strangers.count is 0, so there are no strangers; allowed is 1 or more"
        )
    return strangers


def trained_networks(wildcards):
    """The networks that a method edits: strangers, if its name ends so, else the original networks."""
    if wildcards.strangers:
        strangers_of(wildcards)
        return "results/{task}/strangers.json"
    return "results/{task}/original.json"


def methods_of(wildcards):
    """Every method of a task, those on strangers last."""
    task_of(wildcards)
    return [*settings.methods, *settings.stranger_methods(wildcards.task)]


def all_networks(wildcards):
    return expand("results/{{task}}/{method}/forget-{{forget}}.json", method=methods_of(wildcards))


def forget_sets(task):
    return [*settings.tasks[task].forget, *settings.tasks[task].holdout]


def all_forget_sets(pattern):
    return [
        pattern.format(task=task, forget=forget) for task in settings.tasks for forget in forget_sets(task)
    ]


def figures(task):
    return expand("results/{folder}/{file}", folder=FIGURE_FOLDER, file=figure_files(REPORT, task))
