"""The report in plain words: who forgot, what was kept, where generators beat the free rivals."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from hyperforget.config.methods import RETRAINED, RIVALS, Method
from hyperforget.config.report_specs import CorpusSpec, ReportSpec, TaskSpec
from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.records.corpora import ForgetSummary
from hyperforget.report.forgotten import about_groups, level_of
from hyperforget.report.results import Metrics
from hyperforget.report.spec import corpus_title, forget_title, method_title
from hyperforget.report.tables.comparison import selected_retained, usable_share
from hyperforget.report.tables.recovery import knowledge
from hyperforget.report.tables.strangers import edited_title
from hyperforget.report.verdicts import BETTER, LEVEL, WORSE, outcome, signed, verdict


@dataclass(frozen=True)
class Finding:
    """A sentence and what it is about."""

    about: str
    text: str


def summarise(spec: ReportSpec, task: TaskSpec, metrics: Metrics) -> list[Finding]:
    """What one task shows, in a few sentences."""
    findings = [Finding("Groups", about_groups(task))] if task.groups else []
    findings.append(Finding("Forgetting", _forgetting(spec, task, metrics)))
    if hiding := _hiding(spec, task, metrics):
        findings.append(Finding("Hiding", hiding))
    if RETRAINED in spec.methods and len(spec.methods) > 1:
        findings.append(Finding("Keeping", _keeping(spec, task, metrics)))
    if usable := _usable(spec, task, metrics):
        findings.append(Finding("Usable without choosing", usable))
    if spec.generators and spec.rivals:
        findings.append(Finding("Worth its training", _worth(spec, task, metrics)))
    for generator in spec.generators:
        for rival in spec.rivals:
            about = f"{method_title(generator)} against {method_title(rival).lower()}"
            findings.append(Finding(about, _against(task, generator, rival, metrics)))
    if strangers := _strangers(task, metrics):
        findings.append(Finding("Strangers", strangers))
    return findings


def corpus_warnings(task: TaskSpec, corpus: CorpusSpec, forget_sets: Iterable[ForgetSummary]) -> list[str]:
    """What a reader must know of a corpus; nothing of sets that the report has no results for."""
    warnings, title = [], corpus_title(task, corpus)
    for row in forget_sets:
        if row.forget not in task.forget_sets:
            continue
        if row.holdout and row.checkpoints:
            warnings.append(
                f"{forget_title(row.forget)} counts as kept out of collection, yet the corpus of {title} "
                f"has {row.checkpoints:,} of its checkpoints."
            )
        if not row.holdout and not row.forgotten:
            warnings.append(
                f"No checkpoint of a run that deleted exactly {forget_title(row.forget)} on {title} has "
                "really forgotten it, so a generator had little to learn it from."
            )
    return warnings


def _forgetting(spec: ReportSpec, task: TaskSpec, metrics: Metrics) -> str:
    complete, parts = [], []
    for method in spec.methods:
        found = {forget: outcome(metrics, task, method, forget).forgotten for forget in task.forget_sets}
        told = {
            state: [f"{set_name(task, forget)}, {of.words}" for forget, of in found.items() if of.state == state]
            for state in ("answers", "unsure")
        }
        if told["answers"]:
            sets = "; ".join(told["answers"])
            parts.append(
                f"{method_title(method)} still recognises {len(told['answers'])} of {len(found)} sets ({sets})"
            )
        if told["unsure"]:
            parts.append(f"of {method_title(method)} it is unsure ({'; '.join(told['unsure'])})")
        if not any(told.values()):
            complete.append(method_title(method))
    rule = f"at most {FORGOTTEN_ACCURACY * 100:.0f} % of the images of forgotten classes, or one of them, recognised"
    if task.groups:
        rule = f"at most {FORGOTTEN_ACCURACY * 100:.0f} % of images more than 95 % of retrained networks recognised"
    if not parts:
        return f"every method forgot every set ({rule})."
    done = f"{_listed(complete)} forgot every set ({rule}); " if complete else ""
    return f"{done}{'; '.join(parts)}."


def _hiding(spec: ReportSpec, task: TaskSpec, metrics: Metrics) -> str:
    """Empty where nothing was tried to be brought back, as of groups, or there are no retrained networks to compare
    with.
    """
    if task.groups:
        return ""
    found = {
        method: {forget: knowledge(metrics, task.name, method, forget) for forget in task.forget_sets}
        for method in spec.methods
    }
    groups: dict[str, list[str]] = {}
    for method, by_set in found.items():
        hidden = [set_name(task, forget) for forget, known in by_set.items() if known == "hides"]
        if not any(by_set.values()):
            continue
        where = "no set" if not hidden else "every set" if len(hidden) == len(by_set) else _listed(hidden)
        groups.setdefault(where, []).append(method_title(method))
    if not groups:
        return ""
    told = "; ".join(f"{_listed(methods)} on {where}" for where, methods in groups.items())
    return (
        "a class is hidden, not forgotten, where raising its output bias brings more of it back than in retrained "
        f"networks, or its images are told apart better: {told}."
    )


def _keeping(spec: ReportSpec, task: TaskSpec, metrics: Metrics) -> str:
    """Medians against medians, and chosen networks, of methods that choose, against the chosen retrained one; metrics
    files of before do not have this.
    """

    def retained(method: str, selection: str) -> dict[str, float]:
        find = partial(metrics.need, task.name, method, selection=selection, metric="accuracy", set_="retain")
        return {forget: find(forget=forget).value for forget in task.forget_sets}

    def worst(method: str, own: dict[str, float], retrained: dict[str, float]) -> str:
        gaps = {forget: own[forget] - retrained[forget] for forget in own}
        least = min(gaps, key=lambda forget: gaps[forget])
        return f"{method_title(method)} {signed(gaps[least])} ({set_name(task, least)})"

    methods = [method for method in spec.methods if method != RETRAINED]
    middle = retained(RETRAINED, "population")
    medians = [worst(each, retained(each, "population"), middle) for each in methods]
    told = (
        "accuracy on the retained classes, median of all networks minus the retrained median, worst set of each "
        f"method: {', '.join(medians)}"
    )
    bars = {forget: selected_retained(metrics, task.name, forget).value for forget in task.forget_sets}
    choosing = spec.choosing
    if not choosing or any(map(math.isnan, bars.values())):
        return f"{told}."
    gaps = [worst(each, retained(each, "chosen"), bars) for each in choosing]
    return f"{told}; chosen network minus the retrained network that the same rule chooses: {', '.join(gaps)}."


def _usable(spec: ReportSpec, task: TaskSpec, metrics: Metrics) -> str:
    """Empty where the metrics file has no shares."""
    parts = []
    for method in spec.generators:
        found = {forget: usable_share(metrics, task.name, method, forget) for forget in task.forget_sets}
        shares = {forget: share.value for forget, share in found.items() if not math.isnan(share.value)}
        if not shares:
            continue
        worst = min(shares, key=lambda forget: shares[forget])
        least, most = f"{shares[worst]:.2f}", f"{max(shares.values()):.2f}"
        span = f"{least} on every set" if least == most else f"{least} to {most} (least on {set_name(task, worst)})"
        parts.append(f"{method_title(method)} {span}")
    if not parts:
        return ""
    return (
        "share of the networks at the chosen one's prompt that forget and retain, from the worst to the best "
        f"set: {', '.join(parts)}."
    )


def _worth(spec: ReportSpec, task: TaskSpec, metrics: Metrics) -> str:
    winners, others = [], []
    for generator in spec.generators:
        sets = [
            set_name(task, forget)
            for forget in task.forget_sets
            if all(verdict(task, generator, rival, forget, metrics).wins for rival in spec.rivals)
        ]
        if sets:
            winners.append(f"{method_title(generator)} on {_listed(sets)}")
        else:
            others.append(method_title(generator))
    rivals = _listed([method_title(rival).lower() for rival in spec.rivals])
    rule = f"better than {rivals} in accuracy or in closeness to the retrained networks, worse in neither"
    parts = winners + ([f"{_listed(others)} on no set"] if others else [])
    return f"{rule}: {'; '.join(parts)}."


def _strangers(task: TaskSpec, metrics: Metrics) -> str:
    """Empty where no hypernetwork edits strangers."""

    def median(method: str, forget: str, set_: str) -> float:
        return metrics.need(task.name, method, forget, "population", "accuracy", set_).value

    titles = {method: edited_title(method) for method in task.stranger_methods}
    rivals = [method for method in titles if Method.parse(method).base in RIVALS]
    parts = []
    for method in (method for method in titles if method not in rivals):
        forgotten = sum(
            median(method, forget, "forget") <= level_of(metrics, task, forget) + FORGOTTEN_ACCURACY
            for forget in task.forget_sets
        )
        part = f"{titles[method]} forgets {forgotten} of {len(task.forget_sets)} sets"
        for rival in rivals:
            gaps = {
                forget: median(method, forget, "retain") - median(rival, forget, "retain")
                for forget in task.forget_sets
            }
            worst = min(gaps, key=lambda forget: gaps[forget])
            part += (
                f" and has an accuracy on the retained classes of {signed(gaps[worst])} against "
                f"{titles[rival].lower()} on its worst set ({set_name(task, worst)})"
            )
        parts.append(part)
    return f"median of networks trained otherwise than the corpus: {'; '.join(parts)}." if parts else ""


def _against(task: TaskSpec, generator: str, rival: str, metrics: Metrics) -> str:
    verdicts = {forget: verdict(task, generator, rival, forget, metrics) for forget in task.forget_sets}
    accuracy = _sides(task, {forget: found.accuracy for forget, found in verdicts.items()})
    closeness = _sides(task, {forget: found.closeness for forget, found in verdicts.items()})
    return f"accuracy {accuracy}; closeness {closeness}."


def _sides(task: TaskSpec, sides: dict[str, str]) -> str:
    parts = []
    for side in (BETTER, LEVEL, WORSE):
        sets = [forget for forget, found in sides.items() if found == side]
        if len(sets) == len(sides):
            return f"{side} on every set"
        if sets:
            parts.append(f"{side} on {_listed([set_name(task, forget) for forget in sets])}")
    return ", ".join(parts)


def set_name(task: TaskSpec, forget: str) -> str:
    """How text calls a forget set of a task."""
    return forget_title(forget) + (" (kept out)" if forget in task.holdout else "")


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
