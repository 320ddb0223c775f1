"""Measure further metrics of all methods on one forget set, and of the originals, and say who stands where by them."""

from hyperforget.config.methods import ORIGINAL, RETRAINED
from hyperforget.config.specs import AuditSpec
from hyperforget.metrics.evaluate import Subject
from hyperforget.progress import progress
from hyperforget.records.audits import ComparisonRow
from hyperforget.records.files import columns_of, read_rows, write_rows
from hyperforget.records.methods import MetricRow
from hyperforget.records.trade_off import TradeOffRow
from hyperforget.runtime.stage import Job
from hyperforget.store.tokens import read_token
from hyperforget.unlearning.audit_criteria import Measured, comparison_rows, core_values, criterion_rows, judged_rows
from hyperforget.unlearning.audit_references import References
from hyperforget.unlearning.audited import Audited
from hyperforget.unlearning.auditing import network_rows, network_values, population_rows
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

    def audited(method: str) -> tuple[Audited, int, int]:
        """Those that stand for the method, how many, and the place of the chosen one, which can be one more."""
        stored = load_candidates(job.store, tokens[method])
        # Of retrained networks a half is held against the other, and as many as of any method shall be in each.
        most = spec.evaluation.recovery_networks * (2 if method == RETRAINED else 1)
        members = stored.population[:most]
        rows = list(dict.fromkeys([*members, stored.chosen]))
        networks = stored.candidates.networks[rows].to(job.device)
        found = Audited(networks, request.data, request.forget, knob(method))
        return found, len(members), rows.index(stored.chosen)

    known = {method: audited(method) for method in (RETRAINED, ORIGINAL)}
    references = References(known[RETRAINED][0], known[ORIGINAL][0])
    rows: list[MetricRow] = []
    measured: dict[str, Measured] = {}
    for method in progress(tokens, len(tokens), "auditing", "method"):
        subject = Subject(task, method, forget)
        networks, members, chosen = known.get(method) or audited(method)
        values = network_values(subject, networks, references, spec.audit)
        population = networks.first(members)
        together = tuple(population_rows(subject, population, references, spec.audit))
        rows += [*network_rows(subject, values, references, chosen, members), *together]
        every = core_values(subject, networks, references) | values
        measured[method] = Measured(population, {key: of[:members] for key, of in every.items()}, together)
    write_rows(job.output("metrics"), rows)
    write_rows(job.output("criteria"), list(criterion_rows(task, forget, measured)))
    # None without rivals, or with rivals alone.
    if compared := list(comparison_rows(task, forget, measured)):
        write_rows(job.output("comparisons"), compared)
    else:
        job.output("comparisons").write_text(",".join(columns_of(ComparisonRow)) + "\n", encoding="utf-8")
    write_rows(job.output("judged"), list(judged_rows(task, forget, measured, spec.audit)))
