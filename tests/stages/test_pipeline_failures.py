"""Damaged objects, too few checkpoints and wrong arguments stop a stage with one sentence."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hyperforget.errors import UserError, run_command
from hyperforget.store.errors import CorruptObjectError, MissingObjectError
from hyperforget.store.store import Store
from hyperforget.store.tokens import read_token
from tests.stages.tiny_pipeline import TASK, Job, assemble, collect, job, jobs, run, settings, text_files

pytestmark = pytest.mark.pipeline


def remove(folder: Path) -> None:
    for path in folder.rglob("*"):
        path.chmod(0o755)
    shutil.rmtree(folder)


def largest(folder: Path) -> Path:
    path = max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    path.chmod(0o644)
    return path


def truncate(folder: Path) -> None:
    path = largest(folder)
    path.write_bytes(path.read_bytes()[:-1])


def flip(folder: Path) -> None:
    path = largest(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def anew(job: Job) -> Job:
    """The job without reuse of what the store knows: a known result is restored without reading inputs."""
    stage, arguments = job
    return stage, [*arguments, "--no-reuse"]


DAMAGE: list[tuple[Callable[[Path], None], str, str]] = [
    (remove, "dataset", "collect_checkpoints/0"),
    (truncate, "dataset", "train_original"),
    (flip, "dataset", "evaluate/2"),
    (remove, "corpus/shard-1", "assemble_corpus"),
    (truncate, "corpus/shard-0", "assemble_corpus"),
    (flip, "corpus/shard-0", "train_hypernet/dihyfo-2"),
    (flip, "corpus/shard-1", "look_up/2"),
    (remove, "corpus", "sample/dihyfo-2/2"),
    (flip, "corpus", "probe_hypernet/dihyfo-1"),
    (truncate, "dihyfo-1/hypernet", "probe_hypernet/dihyfo-1"),
    (flip, "dihyfo-1/hypernet", "sample/dihyfo-1/2"),
    (flip, "dihyfo-1/hypernet", "compare_optimizers/dihyfo-1"),
    (flip, "original", "edit/dihyfo-1/2"),
    (remove, "original", "bias/2"),
    (truncate, "original", "sweep/dihyfo-1-edit"),
    (flip, "retrained/forget-2", "evaluate/2"),
    (truncate, "nearest/forget-2", "evaluate/2"),
]


@pytest.mark.parametrize(
    ("damage", "token", "name"), DAMAGE, ids=[f"{each[0].__name__}-{each[1]}-{each[2]}" for each in DAMAGE]
)
def test_a_damaged_object_stops_the_stage_that_needs_it(
    copied: Path, damage: Callable[[Path], None], token: str, name: str
) -> None:
    object_id = read_token(copied / TASK / f"{token}.json").object_id
    damage(Store(copied / "store").object_folder(object_id))
    # Whole copies of checkpoints, which serve as well as long as they are there.
    shutil.rmtree(copied / "store" / "packs")
    before = text_files(copied)
    error = MissingObjectError if damage is remove else CorruptObjectError
    assert issubclass(error, UserError)
    with pytest.raises(error, match=object_id):
        run(anew(jobs(copied)[name]))
    assert text_files(copied) == before


def test_damage_is_reported_in_one_line_and_mended_by_the_stage_that_made_it(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    object_id = read_token(copied / TASK / "dataset.json").object_id
    flip(Store(copied / "store").object_folder(object_id))
    with pytest.raises(SystemExit) as caught:
        run_command(lambda: run(anew(jobs(copied)["train_original"])))
    assert caught.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: dataset {object_id}")
    before = text_files(copied)
    run(jobs(copied)["fetch_dataset"])
    run(anew(jobs(copied)["train_original"]))
    assert text_files(copied) == before


@pytest.mark.parametrize(
    ("collection", "sentence"),
    [
        (
            {"minimum_runs": 40},
            r"tasks\.digits-4\.collection: only \d+ of 40 runs .* minimum_runs = 40\b",
        ),
        (
            {"minimum_forgotten": 500},
            r"have forgotten class 2, fewer than minimum_forgotten = 500\b",
        ),
    ],
)
def test_too_few_checkpoints_stop_the_corpus(copied: Path, collection: dict[str, int], sentence: str) -> None:
    (copied / TASK / "corpus.json").unlink()
    before = text_files(copied)
    with pytest.raises(UserError, match=sentence):
        run(assemble(copied, **collection))
    assert text_files(copied) == before


def test_no_checkpoint_at_all_stops_the_corpus(copied: Path) -> None:
    # Factors on the learning rate by which nothing is learned.
    for shard in range(2):
        run(collect(copied, shard, learning_rates=[1e-9, 2e-9], pivot_accuracy=1.0))
    with pytest.raises(UserError, match="only 0 of 40 runs have an admitted checkpoint"):
        run(assemble(copied))


@pytest.mark.parametrize("name", ["sample/dihyfo-1/2", "look_up/2", "bias/2", "retrain/2", "evaluate/2"])
@pytest.mark.parametrize("forget", ["9", "3-2", "0-1-2-3", "two"])
def test_a_wrong_forget_set_is_a_user_error(results: Path, name: str, forget: str) -> None:
    stage, arguments = jobs(results)[name]
    arguments[arguments.index("--forget") + 1] = forget
    before = text_files(results)
    with pytest.raises(UserError, match=repr(forget)):
        run((stage, arguments))
    assert text_files(results) == before


@pytest.mark.parametrize("name", ["sweep/dihyfo-1", "sweep/dihyfo-1-edit"])
def test_a_wrong_forget_set_among_those_of_a_sweep_is_a_user_error(results: Path, name: str) -> None:
    stage, arguments = jobs(results)[name]
    where = arguments.index("--spec") + 1
    arguments[where] = json.dumps(json.loads(arguments[where]) | {"forget_sets": ["2", "9"]})
    before = text_files(results)
    with pytest.raises(UserError, match="class 9 is not one of the task's classes 0 to 3"):
        run((stage, arguments))
    assert text_files(results) == before


def test_tables_with_other_columns_are_not_joined(results: Path, tmp_path: Path) -> None:
    part = tmp_path / "forget-9.csv"
    part.write_text("task,method,value\ndigits-4,bias,1\n")
    first = results / TASK / "forget-2.csv"
    with pytest.raises(UserError, match="forget-9"):
        run(job("gather_metrics", results, {}, parts=[first, part], metrics=tmp_path / "metrics.csv"))
    assert not (tmp_path / "metrics.csv").exists()


DIVERGING = settings(tasks={TASK: {"recipe": {"learning_rate": 1e6}, "strangers": {"recipe": {"learning_rate": 1e6}}}})


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "train_original",
            r"^2 of 2 networks of original on task .* the task's recipe\.learning_rate, which is 1e\+06$",
        ),
        (
            "train_strangers",
            r"^3 of 3 networks of strangers .* the task's strangers\.recipe\.learning_rate, which is 1e",
        ),
        ("retrain/2", r"^3 of 3 networks of retrained on task 'digits-4' diverged, .* recipe\.learning_rate"),
        ("finetune/2", r"^2 of 2 finetuned networks diverged, .* recipe\.learning_rate"),
    ],
)
def test_training_that_diverges_is_one_sentence(results: Path, name: str, sentence: str) -> None:
    before = text_files(results)
    with pytest.raises(UserError, match=sentence):
        run(jobs(results, DIVERGING)[name])
    assert text_files(results) == before


def test_a_shard_that_diverges_is_one_sentence(copied: Path) -> None:
    before = text_files(copied)
    with pytest.raises(UserError, match=r"^task 'digits-4': \d+ of \d+ reviewed checkpoints diverged"):
        run(collect(copied, 0, learning_rates=[1e6, 2e6]))
    assert text_files(copied) == before
