"""One file a family of figures; names and files come together here."""

from pathlib import Path

from hyperforget.config.report_specs import FiguresSpec
from hyperforget.report.figures.alignment import draw_alignment, draw_alignment_comparison
from hyperforget.report.figures.audited import draw_audit
from hyperforget.report.figures.candidates import draw_candidates
from hyperforget.report.figures.confusion import draw_confusion
from hyperforget.report.figures.distribution import draw_distribution
from hyperforget.report.figures.learning import draw_learning
from hyperforget.report.figures.observed import best_values, class_medians, draw_observed, draw_observed_comparison
from hyperforget.report.figures.optimizers import draw_optimizers
from hyperforget.report.figures.style import Drawing, style
from hyperforget.report.figures.svg import to_svg
from hyperforget.report.figures.trade_off import draw_trade_off
from hyperforget.report.spec import (
    FIGURE_SUFFIX,
    candidate_methods,
    comparison_figures,
    confusion_methods,
    figure_names,
    told_suffixes,
    training_figures,
)


def write_figures(spec: FiguresSpec, task: str, results: Path, folder: Path) -> None:
    """Write every figure of `spec.figure_names` as SVG into ``folder``, from the files under ``results``.

    Raises `UserError` naming a file that is missing or lacks a column or a row.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with style():
        drawings = _draw_figures(spec, task, results)
        for name in figure_names(spec, task):
            svg = to_svg(drawings[name], name)
            (folder / f"{name}{FIGURE_SUFFIX}").write_text(svg, encoding="utf-8")


def _draw_figures(spec: FiguresSpec, task_name: str, results: Path) -> dict[str, Drawing]:
    task = spec.task(task_name)
    folder = results / task_name
    data = "validation images" if spec.protocol == "validation" else "test images"
    drawings = {}
    for model in spec.models:
        name = f"{task_name}-{model}"
        history = results / task.home_of_hypernetworks / model / "history.csv"
        drawings[f"{name}-learning"] = draw_learning(history, task_name, model)
        performance, distribution = spec.performance(model), folder / model / "distribution.csv"
        if performance.is_scalar:
            bounds = best_values(distribution, performance)
        else:
            bounds = class_medians(folder / f"{task.corpus_of(model).name}-classes.csv")
        alignment, prompts = folder / model / "alignment.csv", folder / model / "prompts.csv"
        for suffix, told in told_suffixes(spec, model).items():
            drawings[f"{name}-alignment{suffix}"] = draw_alignment(alignment, task, model, told.metric)
            lines = {} if suffix else bounds
            drawings[f"{name}-observed{suffix}"] = draw_observed(prompts, lines, task, model, told)
        if "distribution" in training_figures(spec, model):
            told = performance.parts[0]
            drawings[f"{name}-distribution"] = draw_distribution(distribution, task, model, told)
        if model in spec.learned_optimizers:
            curves = folder / model / "optimizers.csv"
            drawings[f"{name}-optimizers"] = draw_optimizers(curves, task_name, model)
    if comparison_figures(spec):
        alignments = {model: folder / model / "alignment.csv" for model in spec.scalar_models}
        drawings[f"{task_name}-alignment-comparison"] = draw_alignment_comparison(alignments, task)
        prompted = {model: folder / model / "prompts.csv" for model in spec.scalar_models}
        drawings[f"{task_name}-observed-comparison"] = draw_observed_comparison(prompted, spec.performances, task)
    if f"{task_name}-trade-off" in figure_names(spec, task_name):
        drawings[f"{task_name}-trade-off"] = draw_trade_off(folder, task, spec)
    if spec.audit:
        drawings[f"{task_name}-audit"] = draw_audit(folder, task, spec)
    candidates = {forget: folder / f"forget-{forget}-candidates.csv" for forget in task.forget_sets}
    for method in candidate_methods(spec):
        drawings[f"{task_name}-{method}-candidates"] = draw_candidates(candidates, task, method, data)
    confusion = {forget: folder / f"forget-{forget}-confusion.csv" for forget in task.forget_sets}
    for method in confusion_methods(spec):
        drawings[f"{task_name}-{method}-confusion"] = draw_confusion(confusion, task, method)
    return drawings
