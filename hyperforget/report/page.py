"""The report: one HTML file with every table and figure in it, no network and no script."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from hyperforget.config.report_specs import ReportSpec, TaskSpec
from hyperforget.errors import UserError
from hyperforget.metrics.registry import METRICS
from hyperforget.records.costs import CostRow
from hyperforget.report import glossary
from hyperforget.report.ablations import ablation_listing
from hyperforget.report.captions import (
    candidates_caption,
    comparison_caption,
    confusion_caption,
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
from hyperforget.report.results import Metrics
from hyperforget.report.run_record import config_text, dataset_warnings, find_tokens, stage_timings
from hyperforget.report.spec import (
    FIGURE_FOLDER,
    FIGURE_SUFFIX,
    TABLE_FOLDER,
    candidate_methods,
    comparison_figures,
    confusion_methods,
    corpus_heading,
    forget_title,
    method_title,
    table_names,
    training_figures,
)
from hyperforget.report.templates.page import PAGE
from hyperforget.runtime.environment import git_state, package_versions


@dataclass(frozen=True)
class _Picture:
    """A figure of the page: its name, its SVG and its caption."""

    name: str
    svg: Markup
    caption: str


@dataclass(frozen=True)
class _TaskPage:
    """Everything that the page shows of one task."""

    spec: TaskSpec
    forget: str
    holdout: str
    findings: list[Finding]
    warnings: list[str]
    corpora: list[tuple[str, str, list[Listing]]]
    training: list[tuple[str, str, list[_Picture]]]
    tables: list[tuple[str, Markup]]
    trade_off: _Picture | None
    verdicts: Listing | None
    ablations: Listing | None
    candidates: list[_Picture]
    confusion: list[_Picture]


def render_report(spec: ReportSpec, results: Path, unrecorded: Sequence[str] = ()) -> str:
    """The whole page, from the metrics, costs, tables, figures, tokens and timings below ``results``, of which some are
    ``unrecorded``, so that nobody can say how they were made.

    Raises `UserError` naming a file that is missing or lacks something.
    """
    metrics = Metrics(results / "metrics.csv")
    costs = read_costs(results / "costs.csv")
    return PAGE.render(
        spec=spec,
        pages=[_task_page(spec, task, results, metrics, costs) for task in spec.tasks],
        costs=cost_listing(costs),
        metrics=[
            *((metric, glossary.METRICS[metric.name]) for metric in METRICS.values()),
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


def _task_page(spec: ReportSpec, task: TaskSpec, results: Path, metrics: Metrics, costs: list[CostRow]) -> _TaskPage:
    folder = results / task.name

    def picture(name: str, caption: str) -> _Picture:
        return _Picture(name, _svg(results / FIGURE_FOLDER / f"{name}{FIGURE_SUFFIX}"), caption)

    training = []
    home = task.home_of_hypernetworks
    shared = f", shared with {home}" if home != task.name else ""
    for model in spec.models:
        pictures = [
            picture(f"{task.name}-{model}-{kind}", training_caption(kind, spec, task.name, model, folder / model))
            for kind in training_figures(spec, model)
        ]
        training.append((f"{task.name}-{model}", f"{method_title(model)}{shared}", pictures))
    if comparison_figures(spec):
        pictures = [
            picture(f"{task.name}-{kind}-comparison", comparison_caption(kind, task.name))
            for kind in comparison_figures(spec)
        ]
        training.append((f"{task.name}-comparison", "all models that are told one number", pictures))
    only_this = spec.model_copy(update={"tasks": (task,)})
    return _TaskPage(
        spec=task,
        forget=", ".join(map(forget_title, task.forget)),
        holdout=", ".join(map(forget_title, task.holdout)),
        findings=[*summarise(spec, task, metrics), *cost_findings(costs, task.name)],
        warnings=[
            *dataset_warnings(results, task.name),
            *(
                warning
                for corpus in task.corpora
                for warning in corpus_warnings(task, corpus, corpus_sets(corpus, folder))
            ),
        ],
        corpora=[
            (f"{task.name}-{corpus.name}", corpus_heading(spec, task, corpus), corpus_listings(task, corpus, folder))
            for corpus in task.corpora
        ],
        training=training,
        tables=[(name, Markup(_read(results / TABLE_FOLDER / f"{name}.html"))) for name in table_names(only_this)],
        trade_off=picture(f"{task.name}-trade-off", trade_off_caption(task.name)) if spec.generators else None,
        verdicts=verdict_listing(spec, task, metrics),
        ablations=ablation_listing(spec, task, results, metrics, costs),
        candidates=[
            picture(f"{task.name}-{method}-candidates", candidates_caption(spec, task.name, method))
            for method in candidate_methods(spec)
        ],
        confusion=[
            picture(f"{task.name}-{method}-confusion", confusion_caption(task.name, method))
            for method in confusion_methods(spec)
        ],
    )


def _svg(path: Path) -> Markup:
    svg = _read(path)
    if "<svg" not in svg:
        raise UserError(f"{path} is no SVG")
    return Markup(svg[svg.index("<svg") :])


def _read(path: Path) -> str:
    if not path.is_file():
        raise UserError(f"{path} is missing")
    return path.read_text(encoding="utf-8")
