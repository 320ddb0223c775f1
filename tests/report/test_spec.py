import subprocess
import sys

import pytest

from hyperforget.errors import UserError
from hyperforget.report.spec import (
    candidate_methods,
    corpus_heading,
    figure_files,
    figure_names,
    forget_title,
    method_title,
    table_files,
    table_names,
)
from tests.report.synthetic_results import SPEC, as_spec, task_of


def test_names_come_from_the_spec() -> None:
    spec = as_spec(SPEC)
    assert table_names(spec)[:5] == [
        "digits-4-individual",
        "digits-4-paired",
        "digits-4-holdout-individual",
        "digits-4-holdout-paired",
        "digits-4-comparison",
    ]
    assert "digits-4-recovery" in table_names(spec)
    assert figure_names(spec, "digits-4") == [
        "digits-4-dihyfo-1-learning",
        "digits-4-dihyfo-1-alignment",
        "digits-4-dihyfo-1-observed",
        "digits-4-dihyfo-1-optimizers",
        "digits-4-dihyfo-2-learning",
        "digits-4-dihyfo-2-alignment",
        "digits-4-dihyfo-2-observed",
        "digits-4-trade-off",
        "digits-4-dihyfo-1-candidates",
        "digits-4-dihyfo-1-edit-candidates",
        "digits-4-dihyfo-2-candidates",
        "digits-4-nearest-candidates",
        "digits-4-dihyfo-1-confusion",
        "digits-4-dihyfo-1-edit-confusion",
        "digits-4-dihyfo-2-confusion",
        "digits-4-nearest-confusion",
        "digits-4-bias-confusion",
    ]


def test_every_table_has_four_files_and_every_figure_one() -> None:
    spec = as_spec(SPEC)
    assert len(table_files(spec)) == 4 * len(table_names(spec)) == 52
    assert figure_files(spec, "digits") == [f"{name}.svg" for name in figure_names(spec, "digits")]


def test_a_task_without_held_out_sets_has_no_tables_of_them() -> None:
    spec = as_spec({**SPEC, "tasks": {"digits-4": {**SPEC["tasks"]["digits-4"], "holdout": []}}})
    assert table_names(spec) == [
        "digits-4-individual",
        "digits-4-paired",
        "digits-4-comparison",
        "digits-4-recovery",
    ]


def test_what_is_kept_against_what_is_hidden_is_shown_where_hypernetworks_are_asked_to_forget() -> None:
    assert "digits-trade-off" in figure_names(as_spec(SPEC), "digits")
    assert "digits-trade-off" not in figure_names(as_spec({**SPEC, "methods": ["retrained", "bias"]}), "digits")


def test_models_and_methods_may_be_any_subset() -> None:
    spec = as_spec({**SPEC, "models": ["dihyfo-2"], "methods": ["dihyfo-2", "retrained"]})
    assert figure_names(spec, "digits-4")[-2:] == [
        "digits-4-dihyfo-2-candidates",
        "digits-4-dihyfo-2-confusion",
    ]
    assert spec.generators == ("dihyfo-2",)
    assert spec.rivals == ()
    assert candidate_methods(spec) == ["dihyfo-2"]


def test_generators_are_methods_named_after_a_model() -> None:
    spec = as_spec({**SPEC, "models": ["dihyfo-1"]})
    assert spec.generators == ("dihyfo-1", "dihyfo-1-edit")
    # Of the methods here, one that is of no model is the user's own.
    assert spec.rivals == ("nearest", "bias", "dihyfo-2")
    assert spec.choosing == ("dihyfo-1", "dihyfo-1-edit", "nearest")


def test_a_model_has_the_corpus_that_lists_it() -> None:
    spec = as_spec(SPEC)
    small, large = spec.task("digits-4"), spec.task("digits")
    assert [small.corpus_of(model).name for model in spec.models] == ["corpus", "corpus-ends"]
    assert [large.corpus_of(model).name for model in spec.models] == ["corpus", "corpus"]


def test_corpora_are_headed_by_those_who_use_them_where_there_are_several() -> None:
    spec = as_spec(SPEC)
    small, large = task_of(spec, "digits-4"), task_of(spec, "digits")
    assert [corpus_heading(spec, small, corpus) for corpus in small.corpora] == [
        "What was collected for DiHyFo-1, Nearest checkpoint: digits-4 (main corpus)",
        "What was collected for DiHyFo-2: digits-4 (corpus ends)",
    ]
    assert [corpus_heading(spec, large, corpus) for corpus in large.corpora] == ["What was collected"]
    only = as_spec({**SPEC, "methods": ["dihyfo-1", "retrained"]})
    assert "for DiHyFo-1: " in corpus_heading(only, small, small.corpora[0])


def test_an_unknown_task_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'digits-4'"):
        figure_names(as_spec(SPEC), "digit-4")


def test_titles() -> None:
    assert forget_title("0-1-2") == "{0,1,2}"
    assert method_title("dihyfo-1") == "DiHyFo-1"
    assert method_title("something-new") == "something-new"


def test_names_can_be_told_without_heavy_imports() -> None:
    code = (
        "import sys, hyperforget.report.spec\n"
        "heavy = {'pandas', 'numpy', 'matplotlib', 'torch', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_stages_of_the_report_start_without_torch_sklearn_and_scipy() -> None:
    code = (
        "import sys\n"
        "from hyperforget.stages import build_figures, build_report, build_tables\n"
        "heavy = {'torch', 'sklearn', 'scipy', 'matplotlib.pyplot'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
