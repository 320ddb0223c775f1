"""The tables of an audit: complete, short in words, with numbers that come from the audit."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from hyperforget.config.methods import ORIGINAL, RETRAINED
from hyperforget.report.audited import read_audit
from hyperforget.report.spec import audit_table_names
from hyperforget.report.tables.audit import audit_tables
from hyperforget.report.tables.formats import to_csv, to_html, to_latex
from hyperforget.report.tables.model import Table
from tests.report.synthetic_audit import AUDITED, CRITERIA, write_audit
from tests.report.synthetic_results import METHODS, SPEC, TASKS, as_spec
from tests.report.test_captions import check

TASK = "digits-4"
AGAIN = ("digits-4.seed-1", "digits-4.seed-2")
VALUES: dict[str, Any] = {**SPEC, "audit": AUDITED, "tasks": {TASK: {**TASKS[TASK], "repetitions": AGAIN}}}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    folder, spec = tmp_path_factory.mktemp("tables"), as_spec(VALUES)
    write_audit(folder, VALUES["tasks"], METHODS)
    for name, shift in zip(AGAIN, (0.0, 0.5), strict=True):
        write_audit(folder, {name: TASKS[TASK]}, METHODS, shift)
    [task] = spec.tasks
    audit, *again = (read_audit(folder, name, task.forget_sets) for name in (TASK, *AGAIN))
    found = audit_tables(spec, task, audit, again)
    assert [table.name for table in found] == audit_table_names(spec, task)
    return {table.name.removeprefix(f"{TASK}-audit"): table for table in found}


def records(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(table))))


def test_captions_are_short_and_say_what_good_is(tables: dict[str, Table]) -> None:
    for table in tables.values():
        check(table.caption.plain)


def test_all_languages_have_a_row_a_method(tables: dict[str, Table]) -> None:
    for table in tables.values():
        rows = sum(len(block.rows) for block in table.blocks)
        assert to_html(table).count('<th scope="row">') == rows
        assert to_latex(table).count(r"\\") >= rows


def test_the_overview_counts_states_by_kind(tables: dict[str, Table]) -> None:
    counts = {(row["method"], row["criteria"]): row for row in records(tables[""])}
    trusted = sum(not passes for _, _, passes in CRITERIA.values()) * 3
    assert counts[RETRAINED, "to be trusted"]["level"] == str(trusted)
    assert counts[ORIGINAL, "to be trusted"]["apart"] == str(trusted)
    assert counts["bias", "to be trusted"]["apart"] == str(trusted)
    assert counts["bias", "answers"]["level"] == "6"
    assert counts["dihyfo-1-edit", "knowledge"]["within"] == "9"
    assert "9 + 0 of 9" in to_html(tables[""])


def test_a_forget_set_shows_every_value_with_its_interval_and_the_best_in_bold(tables: dict[str, Table]) -> None:
    table = tables["-forget-2"]
    assert len(records(table)) == len(CRITERIA) * (len(METHODS) + 1)
    rows = {(row["method"], row["metric"]): row for row in records(table)}
    shift = rows["dihyfo-2", "shift"]
    assert float(shift["low"]) < float(shift["value"]) < float(shift["high"])
    assert (shift["state"], rows["dihyfo-1", "shift"]["state"]) == ("apart", "level")
    # Its interval and that of the edits touch.
    assert {row["method"] for row in rows.values() if row["best"] == "true"} == set()
    assert "<b>" not in to_html(table)
    assert "= 0.100 <span" in to_html(table)


def test_the_best_is_bold_where_its_interval_is_apart(tmp_path: Path) -> None:
    methods = ["dihyfo-1", RETRAINED, "nearest"]
    values = {**VALUES, "methods": methods, "tasks": {TASK: TASKS[TASK]}}
    write_audit(tmp_path, values["tasks"], methods)
    spec = as_spec(values)
    table = next(
        each
        for each in audit_tables(spec, spec.tasks[0], read_audit(tmp_path, TASK, spec.tasks[0].forget_sets), [])
        if each.name.endswith("forget-2")
    )
    bold = {(row["method"], row["metric"]) for row in records(table) if row["best"] == "true"}
    assert bold == {("dihyfo-1", metric) for metric, set_ in CRITERIA if set_ != "retain"}
    assert "= <b>0.100</b>" in to_html(table)
    assert r"$=$ \textbf{0.100}" in to_latex(table)


def test_rivals_are_held_against_by_trusted_criteria(tables: dict[str, Table]) -> None:
    rows = {(row["method"], row["rival"], row["criteria"]): row for row in records(tables["-rivals"])}
    assert rows["dihyfo-1", "bias", "trusted"]["better"] == "15"
    assert rows["dihyfo-1", "bias", "all"]["level"] == "9"
    assert "✓ 15 / 0 / 0" in to_html(tables["-rivals"])
    # A sign of mathematics, since marks need a package that the table does not ask for.
    assert "$+$ 15 / 0 / 0" in to_latex(tables["-rivals"])


def test_every_criterion_has_a_verdict_and_every_comparison_its_interval(tables: dict[str, Table]) -> None:
    verdicts = {(row["metric"], row["set"]): row["verdict"] for row in records(tables["-judged"])}
    assert set(verdicts) == set(CRITERIA)
    assert verdicts["tow", "test"] == "sees answers"
    rows = records(tables["-dihyfo-1"])
    assert len(rows) == len(CRITERIA) * 2 * 3
    assert all(float(row["low"]) <= float(row["gain"]) <= float(row["high"]) for row in rows)


def test_seeds_show_how_often_each_run_says_the_same(tables: dict[str, Table]) -> None:
    rows = {(row["forget"], row["metric"], row["method"]): row for row in records(tables["-seeds"])}
    shift = rows["2", "shift", "dihyfo-1"]
    assert shift["states"] == "level level apart"
    assert float(shift["lowest"]) == pytest.approx(0.1)
    assert float(shift["highest"]) == pytest.approx(0.5)
    assert "6, 6, 0 of 6; same 0" in to_html(tables["-seeds"])
    assert "6, 6, 6 of 6; same 6" in to_html(tables["-seeds"])
