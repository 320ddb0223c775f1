import json
import subprocess
import sys

import pytest

from hyperforget.errors import UserError
from hyperforget.report.spec import (
    as_spec,
    candidate_methods,
    corpus_heading,
    figure_files,
    figure_names,
    forget_title,
    method_title,
    table_files,
    table_names,
)
from tests.report.synthetic_results import SPEC


def test_names_come_from_the_spec_in_any_form():
    as_text = json.dumps(SPEC, sort_keys=True, separators=(",", ":"))
    for form in (SPEC, as_text, as_spec(SPEC)):
        assert table_names(form)[:5] == [
            "digits-4-individual",
            "digits-4-paired",
            "digits-4-holdout-individual",
            "digits-4-holdout-paired",
            "digits-4-comparison",
        ]
        assert figure_names(form, "digits-4") == [
            "digits-4-dihyfo-1-learning",
            "digits-4-dihyfo-1-alignment",
            "digits-4-dihyfo-1-observed",
            "digits-4-dihyfo-1-optimizers",
            "digits-4-dihyfo-2-learning",
            "digits-4-dihyfo-2-alignment",
            "digits-4-dihyfo-2-observed",
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


def test_every_table_has_three_files_and_every_figure_one():
    assert len(table_files(SPEC)) == 3 * len(table_names(SPEC)) == 33
    assert figure_files(SPEC, "digits") == [f"{name}.svg" for name in figure_names(SPEC, "digits")]


def test_a_task_without_held_out_sets_has_no_tables_of_them():
    spec = {**SPEC, "tasks": {"digits-4": {**SPEC["tasks"]["digits-4"], "holdout": []}}}
    assert table_names(spec) == ["digits-4-individual", "digits-4-paired", "digits-4-comparison"]


def test_models_and_methods_may_be_any_subset():
    spec = as_spec({**SPEC, "models": ["dihyfo-2"], "methods": ["dihyfo-2", "retrained"]})
    assert figure_names(spec, "digits-4")[-2:] == [
        "digits-4-dihyfo-2-candidates",
        "digits-4-dihyfo-2-confusion",
    ]
    assert spec.generators == ("dihyfo-2",)
    assert spec.rivals == ()
    assert candidate_methods(spec) == ["dihyfo-2"]


def test_generators_are_methods_named_after_a_model():
    spec = as_spec({**SPEC, "models": ["dihyfo-1"]})
    assert spec.generators == ("dihyfo-1", "dihyfo-1-edit")
    assert spec.rivals == ("nearest", "bias")


def test_a_model_has_the_corpus_that_lists_it():
    spec = as_spec(SPEC)
    small, large = spec.task("digits-4"), spec.task("digits")
    assert [small.corpus_of(model).name for model in spec.models] == ["corpus", "corpus-ends"]
    assert [large.corpus_of(model).name for model in spec.models] == ["corpus", "corpus"]


def test_corpora_are_headed_by_those_who_use_them_where_there_are_several():
    spec = as_spec(SPEC)
    small, large = spec.task("digits-4"), spec.task("digits")
    assert [corpus_heading(spec, small, corpus) for corpus in small.corpora] == [
        "What was collected for DiHyFo-1, Nearest checkpoint: digits-4 (main corpus)",
        "What was collected for DiHyFo-2: digits-4 (corpus ends)",
    ]
    assert [corpus_heading(spec, large, corpus) for corpus in large.corpora] == ["What was collected"]
    only = as_spec({**SPEC, "methods": ["dihyfo-1", "retrained"]})
    assert "for DiHyFo-1: " in corpus_heading(only, small, small.corpora[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": "validatoin"}, "did you mean 'validation'"),
        ({"tasks": {"digits-4": {"classes": []}}}, "task 'digits-4' lacks the key 'pivots'"),
    ],
)
def test_a_wrong_spec_is_explained(change, message):
    with pytest.raises(UserError, match=message):
        as_spec({**SPEC, **change})


def test_missing_keys_and_broken_json_are_explained():
    with pytest.raises(UserError, match="lacks the key 'models'"):
        as_spec({key: value for key, value in SPEC.items() if key != "models"})
    with pytest.raises(UserError, match="not JSON"):
        as_spec("{")
    with pytest.raises(UserError, match="must be a JSON object"):
        as_spec("[]")


def test_an_unknown_task_is_answered_with_the_nearest():
    with pytest.raises(UserError, match="did you mean 'digits-4'"):
        figure_names(SPEC, "digit-4")


def test_titles():
    assert forget_title("0-1-2") == "{0,1,2}"
    assert method_title("dihyfo-1") == "DiHyFo-1"
    assert method_title("something-new") == "something-new"


def test_names_can_be_told_without_heavy_imports():
    code = (
        "import sys, hyperforget.report.spec\n"
        "heavy = {'pandas', 'numpy', 'matplotlib', 'torch', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_stages_of_the_report_start_without_torch_sklearn_and_scipy():
    code = (
        "import sys\n"
        "from hyperforget.stages import build_figures, build_report, build_tables\n"
        "heavy = {'torch', 'sklearn', 'scipy', 'matplotlib.pyplot'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
