"""Judge the metrics: does each tell networks that know a class from networks that never saw it?

    snakemake --cores 2 results/digits/original.json results/digits/{retrained,bias}/forget-2.json
    python benchmarks/judged/run.py [--results results] [--tasks digits] [--forget 2]

There are networks of which it is known what they know. Originals know the classes and answer them; `bias` are the same
with output biases lowered until they are never answered, so that they know and hide them; retrained networks never saw
them. Of the retrained networks one half stands for all that a metric compares with, and the other is judged. For
each metric and set of images: the area under the ROC curve, which is the chance that a network that knows is further
from retrained ones than one that does not, against originals and against `bias`, with the 95 % interval of a bootstrap
over networks. 1 tells them all, 0.5 none, and 0 takes those that know for those that do not. Where good values are
those of retrained networks, further is the distance from their median. Of metrics of populations, those of some
networks at a time are told apart. The last column says what to make of it: a metric is to be trusted that tells both,
`sees answers` alone where it tells originals, and `tells nothing` where neither.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import torch

from hyperforget.config.audit import AUDIT_METRICS
from hyperforget.config.methods import ORIGINAL
from hyperforget.config.sections import EvaluationConfig, SelectionConfig
from hyperforget.config.specs import EvaluationSpec
from hyperforget.data.splits import TaskData
from hyperforget.errors import UserError, run_command
from hyperforget.forget_set import ForgetSet, parse_forget_set
from hyperforget.metrics.audit_registry import AUDIT
from hyperforget.metrics.evaluate import Subject
from hyperforget.metrics.judged import Area, area, further, verdict
from hyperforget.metrics.registry import METRICS, Metric
from hyperforget.networks.batch import Networks
from hyperforget.progress import progress
from hyperforget.scores.from_results import load_retrained, load_task
from hyperforget.store.store import Store
from hyperforget.unlearning.audit_references import References
from hyperforget.unlearning.audited import Audited
from hyperforget.unlearning.auditing import audit_rows
from hyperforget.unlearning.candidates import StoredCandidates, load_candidates, make_candidates
from hyperforget.unlearning.judging import Bench, judge
from hyperforget.unlearning.request import Request

# Networks of a population, where metrics are of populations.
TOGETHER = 4
_KNOWING = (ORIGINAL, "bias")
_UNKNOWING = "retrained"
_REGISTRY: dict[str, Metric] = {**METRICS, **AUDIT}

# Values by metric and set of images: of networks, or of some together.
Values = dict[tuple[str, str], list[float]]


def main() -> None:
    """Print a line a metric and set of images, of each forget set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--tasks", nargs="+", default=["digits"])
    parser.add_argument("--forget", nargs="+", default=["2"])
    options = parser.parse_args()
    for task in options.tasks:
        for forget in options.forget:
            print(f"{task}, without {forget}", flush=True)
            print(f"{'metric':20} {'images':13} {'originals':20} {'hidden by bias':20} verdict")
            for (metric, images), areas in judged(options.results / task, forget):
                print(f"{metric:20} {images:13} {areas[0]!s:20} {areas[1]!s:20} {verdict(*areas)}")


def judged(folder: Path, forget: str) -> Iterator[tuple[tuple[str, str], tuple[Area, Area]]]:
    """The areas of originals and of `bias` for every metric and set of images that there are values of, the metric that
    tells `bias` best first.
    """
    data = load_task(folder)
    asked = parse_forget_set(forget, data.labels)
    retrained = load_retrained(folder, asked).candidates.networks
    half = len(retrained) // 2
    known = {_UNKNOWING: retrained[half:]} | {method: _stored(folder, method, asked) for method in _KNOWING}
    values = measured(known, retrained[:half], data, asked)
    found = {}
    for key in values[_UNKNOWING]:
        if all(key in values[method] for method in _KNOWING):
            level = median(values["reference"].get(key, values[_UNKNOWING][key]))
            without, *within = (
                further(_REGISTRY[key[0]].better, torch.tensor(values[method][key], dtype=torch.float64), level)
                for method in (_UNKNOWING, *_KNOWING)
            )
            found[key] = tuple(area(each, without) for each in within)
    for key, (original, hidden) in sorted(found.items(), key=lambda each: -each[1][1].value):
        yield key, (original, hidden)


def _stored(folder: Path, method: str, forget: ForgetSet) -> Networks:
    name = f"{ORIGINAL}.json" if method == ORIGINAL else f"{method}/forget-{forget}.json"
    if not (folder / name).is_file():
        raise UserError(f"{folder} has no {name}; 'hyperforget run -- results/{folder.name}/{name}' makes it")
    return load_candidates(Store(folder.parent / "store"), folder / name).candidates.networks


def measured(known: dict[str, Networks], against: Networks, data: TaskData, asked: ForgetSet) -> dict[str, Values]:
    """Of each method all values, and under ``reference`` those of the retrained networks that others are held
    ``against``, as far as these are of each network.
    """
    forget = torch.tensor(asked.mask(data.labels))
    spec = EvaluationSpec(protocol="validation", selection=SelectionConfig(), evaluation=EvaluationConfig())
    bench = Bench("task", str(asked), Request(data, data.validation, forget), _stands(against, data), spec)
    references = References(Audited(against, data, forget), Audited(known[ORIGINAL], data, forget))
    every = {**known, "reference": against}
    found: dict[str, Values] = {method: defaultdict(list) for method in every}
    alone = [(method, row) for method, networks in every.items() for row in range(len(networks))]
    for method, row in progress(alone, len(alone), "judging", "network"):
        network = every[method][row : row + 1]
        rows = judge("network", _stands(network, data), bench)
        rows += audit_rows(Subject("task", "network", str(asked)), Audited(network, data, forget), references, _ALONE)
        for each in rows:
            if each.selection == ("chosen-to-all" if _REGISTRY[each.metric].paired else "chosen"):
                found[method][each.metric, each.set].append(each.value)
    for method, networks in known.items():
        for group in networks.params.split(TOGETHER):
            some = Audited(Networks(group, networks.layout), data, forget)
            for each in audit_rows(Subject("task", "networks", str(asked)), some, references, _TOGETHER):
                found[method][each.metric, each.set].append(each.value)
    # Distances of networks from a median that has themselves say nothing of others.
    found["reference"] = {key: of for key, of in found["reference"].items() if _REGISTRY[key[0]].better == "retrained"}
    return found


_TOGETHER = ("klom", "challenge", "two_sample", "cmia", "ulira", "ulira_tpr")
_ALONE = tuple(metric for metric in AUDIT_METRICS if metric not in _TOGETHER)


def _stands(networks: Networks, data: TaskData) -> StoredCandidates:
    return StoredCandidates(make_candidates(networks, data.validation), 0, list(range(len(networks))))


if __name__ == "__main__":
    run_command(main)
