from pathlib import Path

import pytest

from hyperforget.config.report_specs import CorpusSpec, FullSpec, FullTask
from hyperforget.report.listings import corpus_listings, timing_listing, verdict_listing
from hyperforget.report.results import Metrics
from hyperforget.report.run_record import Timing
from tests.report.synthetic_results import task_of

CLASSES = """class,role,checkpoints,forgotten,never_seen,hidden,level,lowest,median,highest
0,pivot,1200,0,0,0,,0.01,0.1,0.9
2,free,1200,310,120,90,0.8,0.02,0.4,11.5
"""
SETS = "forget,holdout,checkpoints,forgotten,hidden,in_state\n2,false,900,640,210,850\n3,true,0,0,0,0\n"


@pytest.fixture
def task(spec: FullSpec) -> FullTask:
    return task_of(spec, "digits-4")


MAIN, ENDS = (
    CorpusSpec(name="corpus", models=("dihyfo-1",)),
    CorpusSpec(name="corpus-ends", models=("dihyfo-2",)),
)


def write_corpus(folder: Path, bins: str, name: str = "corpus") -> None:
    (folder / f"{name}-classes.csv").write_text(CLASSES)
    (folder / f"{name}-forget-sets.csv").write_text(SETS)
    (folder / f"{name}-bins.csv").write_text("class,low,high,cap,admitted,rejected\n" + bins)


def test_corpus_tables_say_what_has_really_forgotten(task: FullTask, tmp_path: Path) -> None:
    write_corpus(tmp_path, "2,0,0.5,4000,3000,12\n2,0.5,inf,4000,17,0\n")
    classes, sets, bins = corpus_listings(task, MAIN, tmp_path)
    assert classes.rows[1] == ("2", "free", "1,200", "310", "120", "90", "0.020", "0.400", "11.500")
    assert sets.rows == (
        ("{2}", "collected", "900", "640", "210", "850"),
        ("{3}", "kept out", "0", "0", "0", "0"),
    )
    assert bins.headings == ("Class", "0 to 0.5", "0.5 and more")
    assert "at most 4,000 a joint bin" in bins.caption
    assert bins.rows == (("2", "3,000 (12)", "17 (0)"),)


def test_each_of_several_corpora_is_read_from_its_own_files_and_named(
    spec: FullSpec, task: FullTask, tmp_path: Path
) -> None:
    write_corpus(tmp_path, "", "corpus-ends")
    (tmp_path / "corpus-ends-classes.csv").write_text(CLASSES.replace("1200", "77"))
    write_corpus(tmp_path, "2,0,0.5,4000,3000,12\n")
    main, further = (corpus_listings(task, corpus, tmp_path) for corpus in (MAIN, ENDS))
    assert [listing.name for listing in main] == [
        "digits-4-corpus-classes",
        "digits-4-corpus-forget-sets",
        "digits-4-corpus-bins",
    ]
    assert [listing.name for listing in further] == [
        "digits-4-corpus-ends-classes",
        "digits-4-corpus-ends-forget-sets",
    ]
    assert [listings[0].rows[0][2] for listings in (main, further)] == ["1,200", "77"]
    assert all("digits-4 (main corpus)" in listing.caption for listing in main)
    assert all("digits-4 (corpus ends)" in listing.caption for listing in further)
    write_corpus(tmp_path, "")
    assert "for digits, by class" in corpus_listings(task_of(spec, "digits"), MAIN, tmp_path)[0].caption


def test_without_bins_there_is_no_table_of_them(task: FullTask, tmp_path: Path) -> None:
    write_corpus(tmp_path, "")
    assert len(corpus_listings(task, MAIN, tmp_path)) == 2


def test_the_relaxed_rule_has_no_cap_and_the_last_level_no_upper_edge(task: FullTask, tmp_path: Path) -> None:
    write_corpus(tmp_path, "0,2,,,1,0\n2,2,,,4,0\n")
    bins = corpus_listings(task, MAIN, tmp_path)[2]
    assert "every one with accurate pivots" in bins.caption
    assert bins.headings == ("Class", "2 and more")
    assert [row[1] for row in bins.rows] == ["1 (0)", "4 (0)"]


def test_every_generator_meets_every_rival_on_every_set(spec: FullSpec, results: Path, task: FullTask) -> None:
    listing = verdict_listing(spec, task, Metrics(results / "metrics.csv"))
    assert listing is not None
    assert len(listing.rows) == 3 * 2 * 3
    held_out = [row for row in listing.rows if row[1] == "Nearest checkpoint" and row[2] == "{3} (kept out)"]
    assert all(row[3] == "better: recognises 0 of 45 images against 14 of 45 images" for row in held_out)


def test_without_rivals_there_are_no_verdicts(spec: FullSpec, results: Path, task: FullTask) -> None:
    alone = spec.model_copy(update={"models": ("dihyfo-1",), "methods": ("dihyfo-1", "retrained")})
    assert verdict_listing(alone, task, Metrics(results / "metrics.csv")) is None


def test_timings_end_with_their_sum() -> None:
    listing = timing_listing([Timing("train", 2, 1234.5, 700.0, 650.4), Timing("evaluate", 1, 3.0, 3.0, float("nan"))])
    assert listing.rows[0] == ("train", "2", "1,234.5", "700.0", "650")
    assert listing.rows[1][-1] == "–"
    assert listing.rows[-1] == ("all stages", "3", "1,237.5", "700.0", "")
