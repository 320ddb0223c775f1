"""Names of methods, read and written; and the names that models may not have."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperforget.config import load_config
from hyperforget.config.audit import AUDIT_METRICS
from hyperforget.config.method_words import words_on
from hyperforget.config.methods import DEFAULT_RIVALS, EDITING_RIVALS, RIVALS, Method, is_reserved
from hyperforget.config.reading import read_config
from hyperforget.report.spec import method_title
from hyperforget.unlearning.methods import METHODS


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("dihyfo-1", Method("dihyfo-1")),
        ("dihyfo-1-edit", Method("dihyfo-1", edits=True)),
        ("dihyfo-1-edit-strangers", Method("dihyfo-1", edits=True, on_strangers=True)),
        ("bias", Method("bias", edits=True)),
        ("bias-strangers", Method("bias", edits=True, on_strangers=True)),
        ("nearest", Method("nearest")),
        ("retrained", Method("retrained")),
    ],
)
def test_a_name_is_read_as_it_is_written(name: str, method: Method) -> None:
    assert Method.parse(name) == method
    assert str(method) == name


@given(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True), st.booleans(), st.booleans())
def test_every_method_of_a_model_is_found_again_by_its_name(model: str, edits: bool, on_strangers: bool) -> None:
    if not is_reserved(model):
        method = Method(model, edits, on_strangers=edits and on_strangers)
        assert Method.parse(str(method)) == method


@pytest.mark.parametrize("name", ["retrained", *RIVALS, "own-edit", "own-strangers", "own-edit-strangers"])
def test_names_of_other_methods_are_reserved(name: str) -> None:
    assert is_reserved(name)
    assert not is_reserved(f"{name}-2")


def test_every_rival_is_a_method_with_words_and_a_title_of_its_own() -> None:
    assert set(METHODS) == set(EDITING_RIVALS)
    assert set(DEFAULT_RIVALS) <= set(RIVALS)
    about = {words_on(rival, []) for rival in RIVALS}
    assert len(about) == len(RIVALS)
    assert words_on("mine", []) not in about
    assert all(method_title(rival) != rival for rival in RIVALS)


def test_the_audit_has_every_rival_and_every_metric_and_is_else_the_default_run() -> None:
    folder = Path(__file__).parents[2] / "config"
    audit, default = (load_config(read_config(folder / f"{name}.yaml")) for name in ("audit", "config"))
    assert (tuple(audit.rivals), tuple(audit.audit)) == (RIVALS, AUDIT_METRICS)
    assert audit.model_copy(update={"rivals": default.rivals, "audit": []}) == default
    assert all(task.originals >= 10 and task.retrained >= 20 for task in audit.tasks.values())


def test_only_rivals_that_edit_can_do_so_on_strangers() -> None:
    assert set(EDITING_RIVALS) <= set(RIVALS)
    assert Method.parse("bias").strangers() == Method.parse("bias-strangers")
