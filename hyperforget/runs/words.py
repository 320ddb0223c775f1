"""What a job does, in plain words: by the name of its rule and the names in the paths of its results."""

from collections.abc import Mapping
from dataclasses import dataclass

from hyperforget.report.spec import forget_title

# A job that several methods or tasks have of their own is named by what it does and by what it is for.
_SEVERAL = ("edit_quickly", "build_figures")


@dataclass(frozen=True)
class Words:
    """What one kind of job is ``doing``, what it has ``done``, and of what: ``{model}``, say, from the paths."""

    doing: str
    done: str
    what: str


WORDS: dict[str, Words] = {
    "fetch_dataset": Words("fetching", "fetched", "the images"),
    "collect_checkpoints": Words("collecting", "collected", "checkpoints, part {part} of {corpus}"),
    "assemble_corpus": Words("assembling", "assembled", "{corpus}"),
    "train_original": Words("training", "trained", "the original networks"),
    "train_strangers": Words("training", "trained", "the strangers"),
    "train_retrained": Words("retraining", "retrained", "without {forget}"),
    "train_hypernet": Words("training", "trained", "{model}"),
    "probe_hypernet": Words("probing", "probed", "{model}"),
    "compare_optimizers": Words("comparing", "compared", "{model} with optimisers"),
    "sample_unlearned": Words("generating", "generated", "networks without {forget}, {model}"),
    "sample_edited": Words("editing", "edited", "networks to forget {forget}, {method}"),
    "sweep_unlearned": Words("asking", "asked", "{model} for more and less forgetting"),
    "sweep_edited": Words("asking", "asked", "{method} for more and less forgetting"),
    "look_up_checkpoints": Words("looking up", "looked up", "checkpoints without {forget}"),
    "edit_original": Words("editing", "edited", "networks to forget {forget}, {method}"),
    "edit_quickly": Words("editing", "edited", "networks to forget {forget}, by quick methods"),
    "evaluate": Words("measuring", "measured", "all networks without {forget}"),
    "audit": Words("auditing", "audited", "all networks without {forget}"),
    "export_generator": Words("exporting", "exported", "the generator {model}"),
    "measure_requests": Words("timing", "timed", "requests"),
    "gather_metrics": Words("gathering", "gathered", "all metrics"),
    "gather_costs": Words("gathering", "gathered", "all costs"),
    "build_tables": Words("building", "built", "the tables"),
    "build_figures": Words("drawing", "drew", "the figures"),
    "build_report": Words("building", "built", "the report"),
    "all": Words("finishing", "finished", "everything"),
    "default": Words("finishing", "finished", "everything"),
}


def kind_of(rule: str) -> str:
    """The kind of job of a rule, which is the folder of its logs and benchmarks."""
    return next((kind for kind in _SEVERAL if rule.startswith(f"{kind}_")), rule)


def doing(rule: str, names: Mapping[str, str]) -> str:
    """Such as ``digits: training dihyfo-1``."""
    return _sentence(rule, names, has_ended=False)


def done(rule: str, names: Mapping[str, str]) -> str:
    """Such as ``digits: trained dihyfo-1``."""
    return _sentence(rule, names, has_ended=True)


def _sentence(rule: str, names: Mapping[str, str], has_ended: bool) -> str:
    words = WORDS.get(kind_of(rule))
    if words is None:
        # Of another workflow, say, which has this one as a module.
        return " ".join([rule, *names.values()])
    told = dict(names)
    if "shard" in names:
        told["part"] = str(int(names["shard"]) + 1)
    if "forget" in names:
        told["forget"] = forget_title(names["forget"])
    verb = words.done if has_ended else words.doing
    task = names.get("task") or rule.removeprefix(kind_of(rule)).removeprefix("_")
    of_task = f"{task}: " if (task and kind_of(rule) != "edit_quickly") or "task" in names else ""
    return f"{of_task}{verb} {words.what.format_map(told)}"
