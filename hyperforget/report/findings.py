"""The report in plain words: who forgot, what was kept, where generators beat the free rivals."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hyperforget.config.methods import RETRAINED, RIVALS, Method
from hyperforget.config.report_specs import CorpusSpec, ReportSpec, TaskSpec
from hyperforget.forget_set import FORGOTTEN_ACCURACY
from hyperforget.records.corpora import ForgetSummary
from hyperforget.report.results import Metrics
from hyperforget.report.spec import corpus_title, forget_title, method_title
from hyperforget.report.tables.comparison import activation_distance, usable_share
from hyperforget.report.tables.recovery import knowledge
from hyperforget.report.tables.strangers import edited_title

# Accuracies closer than the margin, and distances closer than that share of each other, count as level.
ACCURACY_MARGIN = 0.01
DISTANCE_MARGIN = 0.1
BETTER, LEVEL, WORSE = "better", "level", "worse"


@dataclass(frozen=True)
class Outcome:
    """The chosen network of one method on one forget set, on test images."""

    forget_accuracy: float
    retain_accuracy: float
    distance: float

    @property
    def forgets(self) -> bool:
        return self.forget_accuracy <= FORGOTTEN_ACCURACY


@dataclass(frozen=True)
class Finding:
    """A sentence and what it is about."""

    about: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """A generator against a rival on one forget set: who does better, and by what."""

    accuracy: str
    accuracy_reason: str
    closeness: str
    closeness_reason: str

    @property
    def wins(self) -> bool:
        """Better in one of the two and worse in neither."""
        sides = {self.accuracy, self.closeness}
        return BETTER in sides and WORSE not in sides


def outcome(metrics: Metrics, task: str, method: str, forget: str) -> Outcome:
    """The numbers that a verdict rests on; raises `UserError` where the metrics file lacks one."""
    forgotten = metrics.need(task, method, forget, "chosen", "accuracy", "forget").value
    retained = metrics.need(task, method, forget, "chosen", "accuracy", "retain").value
    return Outcome(forgotten, retained, activation_distance(metrics, task, method, forget))


def judge(own: Outcome, rival: Outcome) -> Verdict:
    """Accuracy: a network that forgets beats one that does not; between two alike retained classes decide.

    Closeness: the smaller activation distance to the retrained networks.
    """
    gain = own.retain_accuracy - rival.retain_accuracy
    if own.forgets != rival.forgets:
        accuracy = BETTER if own.forgets else WORSE
        reason = f"forgotten classes {own.forget_accuracy:.4f} against {rival.forget_accuracy:.4f}"
    else:
        accuracy = _side(gain, ACCURACY_MARGIN)
        reason = f"retained classes {_signed(gain)}"
    ratio = own.distance / rival.distance if rival.distance else math.nan
    closeness = LEVEL if math.isnan(ratio) else _side(-math.log(ratio), -math.log(1 - DISTANCE_MARGIN))
    return Verdict(accuracy, reason, closeness, "not measured" if math.isnan(ratio) else f"{ratio:.2f} × its distance")


def summarise(spec: ReportSpec, task: TaskSpec, metrics: Metrics) -> list[Finding]:
    """What one task shows, in a few sentences."""
    findings = [Finding("Forgetting", _forgetting(spec, task, metrics))]
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
        values = {forget: outcome(metrics, task.name, method, forget) for forget in task.forget_sets}
        left = [
            f"{set_name(task, forget)}, {value.forget_accuracy:.4f}"
            for forget, value in values.items()
            if not value.forgets
        ]
        if left:
            parts.append(
                f"{method_title(method)} still recognises {len(left)} of {len(values)} sets ({'; '.join(left)})"
            )
        else:
            complete.append(method_title(method))
    if not parts:
        return f"every method forgot every set (accuracy on the forgotten classes at most {FORGOTTEN_ACCURACY})."
    done = (
        f"{_listed(complete)} forgot every set (accuracy on the forgotten classes at most {FORGOTTEN_ACCURACY}); "
        if complete
        else ""
    )
    return f"{done}{'; '.join(parts)}."


def _hiding(spec: ReportSpec, task: TaskSpec, metrics: Metrics) -> str:
    """Empty where nothing was tried to be brought back, or there are no retrained networks to compare with."""
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
    parts = []
    for method in spec.methods:
        if method == RETRAINED:
            continue
        gaps = {}
        for forget in task.forget_sets:
            median = metrics.need(task.name, RETRAINED, forget, "population", "accuracy", "retain").value
            gaps[forget] = outcome(metrics, task.name, method, forget).retain_accuracy - median
        worst = min(gaps, key=lambda forget: gaps[forget])
        parts.append(f"{method_title(method)} {_signed(gaps[worst])} ({set_name(task, worst)})")
    return f"accuracy on the retained classes minus the retrained median, worst set of each method: {', '.join(parts)}."


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
        forgotten = sum(median(method, forget, "forget") <= FORGOTTEN_ACCURACY for forget in task.forget_sets)
        part = f"{titles[method]} forgets {forgotten} of {len(task.forget_sets)} sets"
        for rival in rivals:
            gaps = {
                forget: median(method, forget, "retain") - median(rival, forget, "retain")
                for forget in task.forget_sets
            }
            worst = min(gaps, key=lambda forget: gaps[forget])
            part += (
                f" and has an accuracy on the retained classes of {_signed(gaps[worst])} against "
                f"{titles[rival].lower()} on its worst set ({set_name(task, worst)})"
            )
        parts.append(part)
    return f"median of networks trained otherwise than the corpus: {'; '.join(parts)}." if parts else ""


def _against(task: TaskSpec, generator: str, rival: str, metrics: Metrics) -> str:
    verdicts = {forget: verdict(task, generator, rival, forget, metrics) for forget in task.forget_sets}
    accuracy = _sides(task, {forget: found.accuracy for forget, found in verdicts.items()})
    closeness = _sides(task, {forget: found.closeness for forget, found in verdicts.items()})
    return f"accuracy {accuracy}; closeness {closeness}."


def verdict(task: TaskSpec, generator: str, rival: str, forget: str, metrics: Metrics) -> Verdict:
    """What `judge` says of the chosen networks of both on a forget set."""
    return judge(outcome(metrics, task.name, generator, forget), outcome(metrics, task.name, rival, forget))


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


def _side(gain: float, margin: float) -> str:
    # Differences of printed numbers such as 0.95 and 0.94 must not depend on the last binary digit.
    return LEVEL if abs(gain) <= margin + 1e-9 else BETTER if gain > 0 else WORSE


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−")


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]
