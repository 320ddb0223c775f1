"""The report: one HTML file with every table and figure in it, which needs no network, and no script to be read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from markupsafe import Markup

from hyperforget.config.method_words import DATA_WORDS
from hyperforget.config.report_specs import ReportSpec, TaskSpec
from hyperforget.errors import UserError
from hyperforget.metrics.audit_registry import AUDIT
from hyperforget.metrics.registry import METRICS
from hyperforget.records.costs import CostRow
from hyperforget.report import glossary
from hyperforget.report.ablations import ablation_listing
from hyperforget.report.audit_claims import Claim, audit_claims
from hyperforget.report.audit_glossary import AUDIT_WORDS
from hyperforget.report.audited import read_audit
from hyperforget.report.captions import (
    audit_caption,
    candidates_caption,
    comparison_caption,
    confusion_caption,
    figure_title,
    trade_off_caption,
    training_caption,
)
from hyperforget.report.costs import cost_findings, cost_listing, read_costs
from hyperforget.report.findings import Finding, corpus_warnings, summarise
from hyperforget.report.listings import (
    Listing,
    corpus_listings,
    corpus_sets,
    timing_listing,
    token_listing,
    verdict_listing,
    version_listing,
)
from hyperforget.report.matrix import WORDS, Matrix, answer_matrix
from hyperforget.report.pad import Pad, page_json
from hyperforget.report.results import Metrics
from hyperforget.report.run_record import config_text, dataset_warnings, find_tokens, stage_timings
from hyperforget.report.spec import (
    FIGURE_FOLDER,
    FIGURE_SUFFIX,
    TABLE_FOLDER,
    audit_table_names,
    candidate_methods,
    comparison_figures,
    confusion_methods,
    corpus_heading,
    forget_title,
    method_title,
    table_names,
    training_figures,
)
from hyperforget.report.tables.model import LATEX_SPECIALS
from hyperforget.report.templates.page import PAGE
from hyperforget.runtime.environment import git_state, package_versions


@dataclass(frozen=True)
class _Picture:
    """A figure of the page: its name, what opens it where it is folded, its SVG and its caption."""

    name: str
    title: str
    svg: Markup
    caption: str


@dataclass(frozen=True)
class _Chapter:
    """Figures about the training of one model, or of several."""

    anchor: str
    title: str
    pictures: list[_Picture]


@dataclass(frozen=True)
class _AuditPage:
    """What the page shows of an audit: claims about criteria, and about methods, by what they are about and by method;
    a figure, tables, and those to be opened, by what opens them.
    """

    claims: list[Claim]
    methods: list[str]
    of_methods: dict[str, dict[str, Claim]]
    picture: _Picture
    tables: list[Markup]
    folded: list[tuple[str, Markup]]


@dataclass(frozen=True)
class _TaskPage:
    """Everything that the page shows of one task."""

    spec: TaskSpec
    matrix: Matrix | None
    findings: list[Finding]
    warnings: list[str]
    tables: list[tuple[str, Markup]]
    trade_off: _Picture | None
    audit: _AuditPage | None
    verdicts: Listing | None
    ablations: Listing | None
    candidates: list[_Picture]
    confusion: list[_Picture]
    training: list[_Chapter]
    forget: str
    holdout: str
    corpora: list[tuple[str, str, list[Listing]]]


def render_report(spec: ReportSpec, results: Path, unrecorded: Sequence[str] = (), pad: Pad | None = None) -> str:
    """The whole page, from the metrics, costs, tables, figures, tokens and timings below ``results``, of which some are
    ``unrecorded``, so that nobody can say how they were made; with a ``pad``, one can draw on it.

    Raises `UserError` naming a file that is missing or lacks something.
    """
    metrics = Metrics(results / "metrics.csv")
    costs = read_costs(results / "costs.csv")
    pages = [_task_page(spec, task, results, metrics, costs) for task in spec.tasks]
    page = PAGE.render(
        spec=spec,
        pages=pages,
        pad=pad,
        held=_held(spec, results, pad),
        words=WORDS,
        data=DATA_WORDS,
        audited=[page for page in pages if page.audit],
        has_training=any(page.training for page in pages),
        costs=cost_listing(costs),
        metrics=[
            *((metric, glossary.METRICS[metric.name]) for metric in METRICS.values()),
            *((AUDIT[name], AUDIT_WORDS[name]) for name in spec.audit),
            *((metric, glossary.of_own(metric)) for metric in spec.metrics),
        ],
        sets=glossary.SETS,
        directions=glossary.GOOD,
        git=git_state(Path(__file__).parents[1]),
        unrecorded=unrecorded,
        versions=version_listing(package_versions()),
        config=config_text(spec.config) if spec.config else "",
        tokens=token_listing(find_tokens(results, [task.name for task in spec.tasks])),
        timings=timing_listing(stage_timings(results)),
    )
    return _numbered(page)


def _held(spec: ReportSpec, results: Path, pad: Pad | None) -> dict[str, Markup]:
    """What scripts find in the page, JSON by the id of its element."""
    files = {
        name: {suffix[1:]: _read(results / TABLE_FOLDER / f"{name}{suffix}") for suffix in (".csv", ".tex")}
        for name in table_names(spec)
    }
    values = {"table-files": files, "latex-specials": LATEX_SPECIALS, "pad-tasks": pad.tasks if pad else []}
    return {name: Markup(page_json(value)) for name, value in values.items()}


def _task_page(spec: ReportSpec, task: TaskSpec, results: Path, metrics: Metrics, costs: list[CostRow]) -> _TaskPage:
    folder = results / task.name
    only_this = spec.model_copy(update={"tasks": (task,)})

    def picture(name: str, title: str, caption: str) -> _Picture:
        return _Picture(name, title, _svg(results / FIGURE_FOLDER / f"{name}{FIGURE_SUFFIX}"), caption)

    of_audit = audit_table_names(spec, task)
    trade_off, has_trade_off = f"{task.name}-trade-off", bool(spec.generators) and not task.groups
    return _TaskPage(
        spec=task,
        matrix=answer_matrix(spec, task, metrics, costs),
        findings=[*summarise(spec, task, metrics), *cost_findings(costs, task.name)],
        warnings=[
            *dataset_warnings(results, task.name),
            *(
                warning
                for corpus in task.corpora
                for warning in corpus_warnings(task, corpus, corpus_sets(corpus, folder))
            ),
        ],
        tables=[
            (name, Markup(_read(results / TABLE_FOLDER / f"{name}.html")))
            for name in table_names(only_this)
            if name not in of_audit
        ],
        trade_off=picture(trade_off, "", trade_off_caption(task.name)) if has_trade_off else None,
        audit=_audit(spec, task, results, picture) if spec.audit else None,
        verdicts=verdict_listing(spec, task, metrics),
        ablations=ablation_listing(spec, task, results, metrics, costs),
        candidates=[
            picture(
                f"{task.name}-{method}-candidates", method_title(method), candidates_caption(spec, task.name, method)
            )
            for method in candidate_methods(spec)
        ],
        confusion=[
            picture(f"{task.name}-{each}-confusion", method_title(each), confusion_caption(task.name, each))
            for each in confusion_methods(spec)
        ],
        training=_training(spec, task, folder, picture),
        forget=", ".join(map(forget_title, task.forget)),
        holdout=", ".join(map(forget_title, task.holdout)),
        corpora=[
            (f"{task.name}-{corpus.name}", corpus_heading(spec, task, corpus), corpus_listings(task, corpus, folder))
            for corpus in task.corpora
        ],
    )


def _audit(spec: ReportSpec, task: TaskSpec, results: Path, picture: Callable[[str, str, str], _Picture]) -> _AuditPage:
    audit, *again = (read_audit(results, name, task.forget_sets) for name in (task.name, *task.repetitions))
    tables = {name: Markup(_read(results / TABLE_FOLDER / f"{name}.html")) for name in audit_table_names(spec, task)}
    opened = {
        **{f"{task.name}-audit-forget-{forget}": f"Forget set {forget_title(forget)}" for forget in task.forget_sets},
        **{f"{task.name}-audit-{method}": f"{method_title(method)} against each rival" for method in spec.methods},
    }
    claims = audit_claims(spec, task, audit, again)
    of_methods: dict[str, dict[str, Claim]] = {}
    for claim in claims:
        if claim.method:
            of_methods.setdefault(claim.about, {})[claim.method] = claim
    return _AuditPage(
        [claim for claim in claims if not claim.method],
        list(dict.fromkeys(claim.method for claim in claims if claim.method)),
        of_methods,
        picture(f"{task.name}-audit", "", audit_caption(task.name)),
        [table for name, table in tables.items() if name not in opened],
        [(opened[name], table) for name, table in tables.items() if name in opened],
    )


def _training(
    spec: ReportSpec, task: TaskSpec, folder: Path, picture: Callable[[str, str, str], _Picture]
) -> list[_Chapter]:
    """A chapter a model, and one of all models that are told one number, if there are several."""
    home = task.home_of_hypernetworks
    shared = f", shared with {home}" if home != task.name else ""
    chapters = []
    for model in spec.models:
        pictures = [
            picture(
                f"{task.name}-{model}-{kind}",
                figure_title(kind),
                training_caption(kind, spec, task.name, model, folder / model),
            )
            for kind in training_figures(spec, model)
        ]
        chapters.append(_Chapter(f"{task.name}-{model}", f"{method_title(model)}{shared}", pictures))
    compared = [
        picture(f"{task.name}-{kind}-comparison", figure_title(kind), comparison_caption(kind, task.name))
        for kind in comparison_figures(spec)
    ]
    if compared:
        chapters.append(_Chapter(f"{task.name}-comparison", "all models that are told one number", compared))
    return chapters


def _numbered(page: str) -> str:
    """The page with the number of each table and each figure before its caption: counters of style sheets would leave
    out what is folded.
    """
    numbers = {"table": count(1), "picture": count(1)}
    labels = {"table": "Table", "picture": "Figure"}
    kinds = iter(re.findall(r'<figure class="(table|picture)"', page))

    def label(opening: re.Match[str]) -> str:
        kind = next(kinds)
        return f"{opening.group()}<b>{labels[kind]} {next(numbers[kind])}.</b> "

    return re.sub(r"<figcaption[^>]*>", label, page)


def _svg(path: Path) -> Markup:
    svg = _read(path)
    if "<svg" not in svg:
        raise UserError(f"{path} is no SVG")
    return Markup(svg[svg.index("<svg") :])


def _read(path: Path) -> str:
    if not path.is_file():
        raise UserError(f"{path} is missing")
    return path.read_text(encoding="utf-8")
