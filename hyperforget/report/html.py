"""The report: one HTML file with every table and figure in it, no network and no script."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from hyperforget.command import UserError
from hyperforget.environment import git_state, package_versions
from hyperforget.report.captions import candidates_caption, confusion_caption, training_caption
from hyperforget.report.listings import (
    Listing,
    corpus_listings,
    corpus_sets,
    timing_listing,
    token_listing,
    verdict_listing,
    version_listing,
)
from hyperforget.report.names import (
    FIGURE_FOLDER,
    FIGURE_SUFFIX,
    TABLE_FOLDER,
    ReportSpec,
    TaskSpec,
    candidate_methods,
    confusion_methods,
    forget_title,
    method_title,
    table_names,
)
from hyperforget.report.provenance import config_text, find_tokens, stage_timings
from hyperforget.report.results import Metrics
from hyperforget.report.summary import Finding, corpus_warnings, summarise

if TYPE_CHECKING:
    from hyperforget.metrics.registry import Metric

_HERE = Path(__file__).parent
_DIRECTIONS = {
    "higher": "higher is better",
    "lower": "lower is better",
    "retrained": "like the retrained network",
}


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
    corpus: list[Listing]
    training: list[tuple[str, str, list[_Picture]]]
    tables: list[Markup]
    verdicts: Listing | None
    candidates: list[_Picture]
    confusion: list[_Picture]


def render_report(
    spec: ReportSpec, results: Path, glossary: "Mapping[str, Metric]", sets: Mapping[str, str]
) -> str:
    """The whole page, from the metrics, tables, figures, tokens and timings below ``results``.

    ``glossary`` and ``sets`` explain metrics and sets of images. Raises `UserError` naming a file that is
    missing or lacks something.
    """
    metrics = Metrics(results / "metrics.csv")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    return environment.get_template("template.html").render(
        spec=spec,
        pages=[_task_page(spec, task, results, metrics) for task in spec.tasks],
        glossary=list(glossary.values()),
        sets=sets,
        directions=_DIRECTIONS,
        git=git_state(_HERE),
        versions=version_listing(package_versions()),
        config=config_text(spec.config) if spec.config else "",
        tokens=token_listing(find_tokens(results, [task.name for task in spec.tasks])),
        timings=timing_listing(stage_timings(results)),
    )


def _task_page(spec: ReportSpec, task: TaskSpec, results: Path, metrics: Metrics) -> _TaskPage:
    folder = results / task.name

    def picture(name: str, caption: str) -> _Picture:
        return _Picture(name, _svg(results / FIGURE_FOLDER / f"{name}{FIGURE_SUFFIX}"), caption)

    training = []
    for model in spec.models:
        pictures = [
            picture(f"{task.name}-{model}-{kind}", training_caption(kind, task.name, model))
            for kind in ("learning", "alignment", "observed")
        ]
        training.append((f"{task.name}-{model}", method_title(model), pictures))
    only_this = ReportSpec((task,), spec.models, spec.methods, spec.protocol)
    return _TaskPage(
        spec=task,
        forget=", ".join(map(forget_title, task.forget)),
        holdout=", ".join(map(forget_title, task.holdout)),
        findings=summarise(spec, task, metrics),
        warnings=corpus_warnings(task, corpus_sets(folder)),
        corpus=corpus_listings(task, folder),
        training=training,
        tables=[Markup(_read(results / TABLE_FOLDER / f"{name}.html")) for name in table_names(only_this)],
        verdicts=verdict_listing(spec, task, metrics),
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
