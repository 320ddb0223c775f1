import os
import shlex
import sys
from pathlib import Path

try:
    import hyperforget
    from hyperforget.config import jobs, load_config, warnings
    from hyperforget.config.corpora import MAIN_CORPUS
    from hyperforget.config.families import check_home, home_of_hypernetworks, prompted_by, teachers
    from hyperforget.config.methods import NEAREST, ON_NEAREST, ORIGINAL, QUICK_RIVALS, RETRAINED, STRANGERS, Method
    from hyperforget.config.own_code import beside
    from hyperforget.config.places import check_creatable
    from hyperforget.config.reading import read_config
    from hyperforget.config.slices import report_spec, spec_of
    from hyperforget.errors import UserError
    from hyperforget.report.spec import FIGURE_FOLDER, TABLE_FOLDER, figure_files, table_files
    from hyperforget.runs.screen import follow
    from hyperforget.stages.interfaces import STAGES
    from hyperforget.store.canonical import canonical_json
except ModuleNotFoundError as error:
    sys.exit(f"error: {error}; install the package with 'make setup' or 'pip install -e . -c constraints.txt'")

ROOT = Path(str(workflow.current_basedir)).parents[1]

# Jobs run with the Python that runs Snakemake, also where its environment was not activated. The environments in envs
# are built from the checkout.
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]),
    HYPERFORGET_ROOT=str(ROOT),
)

# They run the package that was read here, which need not be installed, and import nothing from the folder that they run
# in, which may hold a user's `random.py`. A relative entry, such as an empty one, would stand for that folder.
PACKAGE_ROOT = Path(hyperforget.__file__).parents[1]
SEARCHED = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(entry)]
os.environ.update(
    PYTHONPATH=os.pathsep.join([*[str(ROOT)] * (PACKAGE_ROOT == ROOT), *SEARCHED]),
    PYTHONSAFEPATH="1",
)


def answer(ask, *given):
    """What a function makes of what the user gave; a fault in that ends the run with one sentence, before any job."""
    try:
        return ask(*given)
    except UserError as error:
        sys.exit(f"error: {error}")


local_config = Path("config") / "config.yaml"
default_config = local_config if local_config.exists() else ROOT / local_config

# Snakemake reads these files by itself, and takes the last of two equal keys. A module is given its configuration by
# another workflow, whose files may hold anything.
if not workflow.modifier.skip_configfile:
    files = [Path(file) for file in workflow.overwrite_configfiles or [default_config]]
    held = [(file, answer(read_config, file)) for file in files]

# A configuration on the command line replaces the default one, instead of adding its tasks to it.
if not workflow.overwrite_configfiles:

    configfile: str(default_config)


if not workflow.modifier.skip_configfile:
    config = beside(config, held)
settings = answer(load_config, config)
answer(check_creatable, settings.store)
for warning in warnings(settings):
    print(f"warning: {warning}", file=sys.stderr)


# What the report is told, which says what tables and figures there are.
REPORT = report_spec(settings, {})
TABLES = expand("results/{folder}/{file}", folder=TABLE_FOLDER, file=table_files(REPORT))

# Where stages keep objects and results, and whether a known result may be restored instead of computed.
STORE = f"--store {shlex.quote(settings.store)}" + ("" if settings.reuse else " --no-reuse")


# A pattern that nothing fits, for a wildcard that stands for nothing.
NOTHING = r"(?!)"


wildcard_constraints:
    # Anything, so that a wrong task or forget set is answered by a sentence and not by "no rule to produce".
    task=r"[^/]+",
    forget=r"[^/]+(?<!-candidates)(?<!-confusion)(?<!-criteria)(?<!-comparisons)(?<!-judged)",
    model="|".join(settings.models),
    shard=r"\d+",
    corpus="|".join(sorted({corpus for task in settings.tasks.values() for corpus in task.collections})),


def canonical(section):
    """One line of JSON with sorted keys: parameters are compared as text, and swapped values must differ."""
    return canonical_json(section.model_dump(mode="json")).decode()


# GPUs of a job that computes on one. None for the device `auto`: what is there is used, but nothing is asked for.
GPUS = int(settings.hardware.device.startswith("cuda"))


# What a job computes on changes no result, so a change of it must plan nothing anew: Snakemake compares parameters with
# those of the last run, but not those that ask for the job's threads.
def hardware(wildcards, threads):
    """The arguments of a stage that computes with torch, which say on what."""
    return f"--hardware {shlex.quote(canonical(settings.hardware))} --threads {threads}"


def launcher(wildcards, threads):
    """What starts the Python of a job that several processes may do together."""
    processes = settings.hardware.processes
    return f"torchrun --standalone --nproc-per-node {processes}" if processes > 1 else "python"


def code(stage):
    """Digest of the code that a stage runs; a parameter of its rule, so that editing the code reruns it."""
    return STAGES[stage].code(stage)


def task_of(names):
    """The settings of a job's task; a wrong name ends the run with one sentence, before any job."""
    return answer(jobs.task_of, settings, names)


def spec(stage, **names):
    """What a stage is told, as a function of the wildcards of its rule, to which ``names`` add."""

    def of_job(wildcards):
        job = {**wildcards, **names}
        if "task" in job:
            task_of(job)
        return canonical(spec_of(STAGES[stage].spec_type, settings, job))

    return of_job


def memory(mb):
    """Memory in MB that grows with each attempt."""
    return lambda wildcards, attempt: mb * attempt


def minutes(count):
    """Run time in minutes that grows with each attempt."""
    return lambda wildcards, attempt: count * attempt


def segments(wildcards):
    shards = range(task_of(wildcards).collections[wildcards.corpus].shards)
    return expand("results/{{task}}/{{corpus}}/shard-{shard}.json", shard=shards)


def model_of(wildcards):
    """The model of a job, or the one that its method asks."""
    return wildcards.get("model") or Method.parse(wildcards.method).base


def corpus_of(task, model):
    """The corpus of a task, by its name in paths, that a model is trained on."""
    return f"results/{task}/{task_of({'task': task}).corpus_of(model)}.json"


def own_corpus(wildcards):
    """That of the model of a job."""
    return corpus_of(wildcards.task, model_of(wildcards))


def taught_corpora(wildcards):
    """Those that the model learns from, of all tasks that share its hypernetwork."""
    task_of(wildcards)
    answer(check_home, settings, wildcards.task, wildcards.model)
    return [corpus_of(task, wildcards.model) for task in teachers(settings, wildcards.task)]


def prompting_corpus(wildcards):
    """The corpus that tells what to ask the model of a job for."""
    task_of(wildcards)
    return corpus_of(prompted_by(settings, wildcards.task), model_of(wildcards))


def prompting_corpora(wildcards):
    """That of each model, in their order."""
    task_of(wildcards)
    return [corpus_of(prompted_by(settings, wildcards.task), model) for model in settings.models]


def hypernet_of(task, model):
    """The hypernetwork of a task, by its name in paths, which may lie in the folder of another."""
    return f"results/{home_of_hypernetworks(settings, task)}/{model}/hypernet.json"


def hypernet(wildcards):
    """That of the model of a job."""
    task_of(wildcards)
    return hypernet_of(wildcards.task, model_of(wildcards))


def hypernets(wildcards):
    """That of each model, in their order."""
    task_of(wildcards)
    return [hypernet_of(wildcards.task, model) for model in settings.models]


def corpora(task, *files):
    """Tables of every corpus of a task, such as ``classes``."""
    return expand("results/{task}/{corpus}-{file}.csv", task=task, corpus=settings.tasks[task].collections, file=files)


def names(methods):
    """What a wildcard may be that stands for one of some methods or models."""
    return "|".join(map(str, methods)) or NOTHING


def editing_methods(of_models):
    """The methods that edit trained networks, strangers too, of models or of rivals."""
    editing = [method for method in settings.all_methods if method.edits or method.base in settings.methods]
    mine = [method for method in editing if (method.base in settings.models) == of_models]
    return [*mine, *(method.strangers() for method in mine)]


def edited_networks(method):
    """The networks that a method edits."""
    if method == ON_NEAREST:
        return f"results/{{task}}/{NEAREST}/forget-{{forget}}.json"
    return f"results/{{task}}/{STRANGERS if Method.parse(method).on_strangers else ORIGINAL}.json"


def trained_networks(wildcards):
    """Those that the method of a job edits."""
    task_of(wildcards)
    return edited_networks(wildcards.method)


def own_file(wildcards):
    """The Python file of the method of a job, if it is a user's own and lies in one."""
    own = settings.own_method(wildcards.method)
    return own.file if own and own.file else []


def tasks_of_classes(tasks=settings.tasks):
    """Those of some tasks that forget classes: of groups, which have no output, there is less to be made."""
    return [task for task in tasks if not settings.tasks[task].groups]


# What an audit comes to, beside the rows that it adds to the metrics.
AUDITED = ("criteria", "comparisons", "judged")


def audited(tasks, kinds=AUDITED):
    """Those files of all forget sets of some tasks, none without `audit`."""
    if not settings.audit:
        return []
    return [file for kind in kinds for file in all_forget_sets(f"results/{{task}}/audit-{{forget}}-{kind}.csv", tasks)]


def audited_files(wildcards, input):
    """The argument for what audits came to, if there were any."""
    return f"--audited {shlex.join(input.audited)}" if input.audited else ""


def timed_requests(wildcards, input):
    """The argument for what requests take, if any were timed."""
    return f"--requests {shlex.join(input.requests)}" if input.requests else ""


def own_code(wildcards, input):
    """The argument for files of a user's own, if there are some."""
    files = [input.code] if isinstance(input.code, str) else input.code
    return f"--code {shlex.join(files)}" if files else ""


def quick_edits():
    """Tasks, and methods of all of these that take milliseconds and so share a job, by the name of such jobs."""
    found = {}
    for task in [*settings.tasks, *settings.repetitions]:
        methods = [method for method in settings.methods_on(task) if method.base in QUICK_RIVALS]
        if methods:
            suffix = "" if any(method.on_strangers for method in methods) else "_without_strangers"
            found.setdefault(f"edit_quickly{suffix}", ([], list(map(str, methods))))[0].append(task)
    return found


def but(taken):
    """What the task of a method may be, but for tasks with methods that share a job."""
    pairs = [f"(?:{names(tasks)})/(?:{names(methods)})/" for tasks, methods in taken]
    return f"(?!{names(pairs)})[^/]+"


def all_networks(wildcards):
    """Those of every method of a task."""
    task_of(wildcards)
    methods = map(str, settings.methods_on(wildcards.task))
    return expand("results/{{task}}/{method}/forget-{{forget}}.json", method=list(methods))


def audited_trade_offs(wildcards):
    """Those of the methods of a task that are told how much to forget, where the audit asks for what these reach."""
    asked = REPORT.generators if "hypervolume" in settings.audit else []
    return expand("results/{{task}}/{method}/trade-off.csv", method=asked)


def trade_offs(wildcards, input):
    """The argument for trade-offs, if there are any."""
    return f"--trade-offs {shlex.join(input.trade_offs)}" if input.trade_offs else ""


def forget_sets(task):
    return settings.tasks[settings.repeated(task)[0]].forget_sets


def all_forget_sets(pattern, tasks=settings.tasks):
    return [pattern.format(task=task, forget=forget) for task in tasks for forget in forget_sets(task)]


def metrics_of_task(wildcards):
    task_of(wildcards)
    return all_forget_sets("results/{task}/forget-{forget}.csv", [wildcards.task])


def figures(task):
    return expand("results/{folder}/{file}", folder=FIGURE_FOLDER, file=figure_files(REPORT, task))
