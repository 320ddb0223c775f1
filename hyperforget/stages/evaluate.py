"""Evaluate all methods on one forget set."""

from hyperforget.config.methods import RETRAINED
from hyperforget.config.specs import EvaluationSpec
from hyperforget.progress import progress
from hyperforget.records.files import write_rows
from hyperforget.runtime.own_code import Whereabouts, load_own
from hyperforget.runtime.stage import Job
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.candidates import load_candidates
from hyperforget.unlearning.judging import Bench, confusion_rows, judge
from hyperforget.unlearning.own_metrics import OwnMetric
from hyperforget.unlearning.request import load_request


def run(job: Job[EvaluationSpec]) -> None:
    """Load, call, save."""
    spec, task, forget = job.spec, job.names["task"], job.names["forget"]
    request = load_request(job.store, job.input("dataset"), forget, spec.protocol, job.device)
    batches = {
        read_token(token).summary["method"]: load_candidates(job.store, token) for token in job.inputs["networks"]
    }
    bench = Bench(task, forget, request, batches[RETRAINED], spec, _own_metrics(job))
    metrics, candidates, confusion = [], [], []
    for method, stored in progress(batches.items(), len(batches), "evaluating", "method"):
        metrics += judge(method, stored, bench)
        candidates += bench.offered(method, stored)
        confusion += confusion_rows(method, stored, bench.standard, request.data)
    write_rows(job.output("metrics"), metrics)
    write_rows(job.output("candidates"), candidates)
    write_rows(job.output("confusion"), confusion)


def _own_metrics(job: Job[EvaluationSpec]) -> tuple[OwnMetric, ...]:
    """Those of the configuration; files come in the order of the metrics that lie in one."""
    files = iter(job.inputs.get("code", []))
    found = []
    for each in job.spec.metrics:
        place = Whereabouts(each.function, None if each.package else next(files), each.package)
        found.append(OwnMetric(each.name, tuple(each.sets), load_own("metric", place, each.settings)))
    return tuple(found)
