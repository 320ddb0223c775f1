"""Measure further metrics of all methods on one forget set, and of the originals."""

from hyperforget.config.methods import ORIGINAL, RETRAINED
from hyperforget.config.specs import AuditSpec
from hyperforget.metrics.evaluate import Subject
from hyperforget.progress import progress
from hyperforget.records.files import read_rows, write_rows
from hyperforget.records.methods import MetricRow
from hyperforget.records.trade_off import TradeOffRow
from hyperforget.runtime.stage import Job
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.audit_references import References
from hyperforget.unlearning.audited import Audited
from hyperforget.unlearning.auditing import audit_rows
from hyperforget.unlearning.candidates import load_candidates
from hyperforget.unlearning.request import load_request


def run(job: Job[AuditSpec]) -> None:
    """Load, call, save."""
    spec, task, forget = job.spec, job.names["task"], job.names["forget"]
    request = load_request(job.store, job.input("dataset"), forget, spec.protocol, job.device)
    tokens = {read_token(token).summary["method"]: token for token in job.inputs["networks"]}
    # A trade-off lies in the folder of its method.
    trade_offs = {path.parent.name: read_rows(path, TradeOffRow) for path in job.inputs.get("trade_offs", [])}

    def knob(method: str) -> tuple[tuple[float, float], ...]:
        return tuple((row.retain_accuracy, row.shift) for row in trade_offs.get(method, []) if row.forget == forget)

    def audited(method: str) -> Audited:
        stored = load_candidates(job.store, tokens[method])
        # The chosen one comes first, then those that stand for the method. Of retrained networks a half is held against
        # the other, and as many as of any method shall be in each.
        most = spec.evaluation.recovery_networks * (2 if method == RETRAINED else 1)
        rows = list(dict.fromkeys([stored.chosen, *stored.population]))[:most]
        return Audited(stored.candidates.networks[rows].to(job.device), request.data, request.forget, knob(method))

    references = References(audited(RETRAINED), audited(ORIGINAL))
    known = {RETRAINED: references.retrained, ORIGINAL: references.originals}
    rows: list[MetricRow] = []
    for method in progress(tokens, len(tokens), "auditing", "method"):
        networks = known.get(method) or audited(method)
        rows += audit_rows(Subject(task, method, forget), networks, references, spec.audit)
    write_rows(job.output("metrics"), rows)
