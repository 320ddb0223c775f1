import math

import pytest

from hyperforget.errors import UserError
from hyperforget.report.results import (
    METRIC_COLUMNS,
    Metrics,
    check_values,
    final_alignment,
    read_csv,
    rows_of,
)

HEADER = ",".join(METRIC_COLUMNS)


def write(folder, text):
    path = folder / "file.csv"
    path.write_text(text)
    return path


def test_forget_sets_stay_text_and_numbers_keep_every_digit(tmp_path):
    path = write(tmp_path, "forget,class,value,chosen\n2,nan,0.1234567890123456789,true\n2-3,0,-inf,false\n")
    frame = read_csv(path, ("forget", "class", "value", "chosen"))
    assert list(frame["forget"]) == ["2", "2-3"]
    assert list(frame["class"]) == ["nan", "0"]
    assert list(frame["value"]) == [float("0.1234567890123456789"), -math.inf]
    assert list(frame["chosen"]) == [True, False]


def test_missing_files_columns_rows_and_numbers_are_named(tmp_path):
    with pytest.raises(UserError, match=r"nothing\.csv is missing"):
        read_csv(tmp_path / "nothing.csv", ("a",))
    with pytest.raises(UserError, match=r"file\.csv is empty"):
        read_csv(write(tmp_path, ""), ("step",))
    with pytest.raises(UserError, match=r"file\.csv lacks the column 'step'; it has a, b"):
        read_csv(write(tmp_path, "a,b\n1,2\n"), ("a", "step"))
    with pytest.raises(UserError, match=r"file\.csv has no rows"):
        read_csv(write(tmp_path, "step\n"), ("step",))
    with pytest.raises(UserError, match=r"file\.csv, column 'step': 'many' is not a number"):
        read_csv(write(tmp_path, "step\nmany\n"), ("step",))
    assert read_csv(write(tmp_path, "step\n"), ("step",), may_be_empty=True).empty


def test_rows_of_and_check_values_name_file_and_value(tmp_path):
    path = write(tmp_path, "method,set,count\nbias,retain,1\nbias,test,2\n")
    frame = read_csv(path, ("method", "set", "count"))
    assert list(rows_of(frame, path, method="bias", set="test")["count"]) == [2]
    with pytest.raises(UserError, match=r"file\.csv has no row with method 'scrub'"):
        rows_of(frame, path, method="scrub")
    with pytest.raises(UserError, match=r"file\.csv, column 'set': 'test' is none of retain, forget"):
        check_values(frame, path, "set", ["retain", "forget"])


def test_metrics_are_found_by_all_their_names(tmp_path):
    rows = "t,m,2,chosen,retain,accuracy,0.5,,,1\nt,m,2,population,retain,accuracy,0.4,0.1,0.9,32\n"
    metrics = Metrics(write(tmp_path, f"{HEADER}\n{rows}"))
    chosen = metrics.need("t", "m", "2", "chosen", "accuracy", "retain")
    assert (chosen.value, chosen.has_interval, chosen.n) == (0.5, False, 1)
    population = metrics.need("t", "m", "2", "population", "accuracy", "retain")
    assert (population.low, population.high, population.has_interval, population.n) == (0.1, 0.9, True, 32)
    assert metrics.find("t", "m", "2", "chosen", "accuracy", "forget") is None
    with pytest.raises(UserError, match=r"file\.csv has no row with task 't', method 'm', forget '2-3'"):
        metrics.need("t", "m", "2-3", "chosen", "accuracy", "retain")


def test_two_rows_for_one_value_are_refused(tmp_path):
    row = "t,m,2,chosen,retain,accuracy,0.5,,,1\n"
    with pytest.raises(UserError, match="two rows for t / m / 2 / chosen / accuracy / retain"):
        Metrics(write(tmp_path, f"{HEADER}\n{row}{row}"))


def test_the_final_alignment_is_that_of_free_classes_and_unseen_starts_at_the_last_step(tmp_path):
    path = write(
        tmp_path,
        "step,starts,class,role,r_squared,correlation\n"
        "10,unseen,2,free,0.1,0.1\n"
        "20,unseen,0,pivot,0.2,0.2\n"
        "20,seen,2,free,0.3,0.3\n"
        "20,unseen,2,free,0.4,0.5\n"
        "20,unseen,3,free,0.6,0.7\n",
    )
    found = final_alignment(path)
    assert found[["class", "r_squared", "correlation"]].values.tolist() == [["2", 0.4, 0.5], ["3", 0.6, 0.7]]
