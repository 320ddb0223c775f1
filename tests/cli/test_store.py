"""``hyperforget store``: what each command prints, writes and refuses, on a recorded run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hyperforget.cli.main import app
from hyperforget.store.files import file_digest
from tests.provenance.recorded_run import RecordedRun, make_run

COMMANDS = (
    "log", "show", "lineage", "diff", "tag", "checkout", "verify", "gc", "export", "selftest", "push", "pull",
)  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedRun:
    """A run, with the shell in its folder."""
    monkeypatch.chdir(tmp_path)
    return make_run(tmp_path)


def call(*arguments: object, status: int = 0) -> Result:
    result = CliRunner().invoke(app, ["store", *map(str, arguments)])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def call_json(*arguments: object, status: int = 0) -> Any:
    return json.loads(call(*arguments, "--json", status=status).stdout)


def test_help_is_fast_and_names_every_command() -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    program = (
        "import sys, time; started = time.process_time(); from hyperforget.cli.main import app\n"
        "try: app(['store', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'pandas', 'zarr'} & set(sys.modules)\n"
        "print(time.process_time() - started, *sorted(heavy))"
    )
    told = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    *shown, last = told.stdout.splitlines()
    seconds, *heavy = last.split()
    assert [name for name in COMMANDS if re.search(rf"^  {name} ", "\n".join(shown), re.MULTILINE)] == list(COMMANDS)
    assert heavy == []
    assert float(seconds) < 0.5


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_short_help_and_takes_a_store_and_json(command: str) -> None:
    text = call(command, "--help").stdout
    assert "--json" in text
    assert "--store" in text
    assert len(text.splitlines()) < 40


def test_tag_log_and_delete(run: RecordedRun) -> None:
    told = call_json("tag", "paper", "-m", "as submitted")
    assert (told["tag"], told["files"], told["entry"]) == ("paper", 12, 1)
    (entry,) = call_json("log")
    assert (entry["number"], entry["message"], entry["tags"]) == (1, "as submitted", ["paper"])
    assert re.fullmatch(rf" +1  \S+  {told['version_id'][:12]}  \[paper\] as submitted\n", call("log").stdout)
    assert "tag paper is deleted" in call("tag", "paper", "--delete").stdout
    assert call_json("log")[0]["tags"] == []


def test_what_the_log_says_does_not_command_a_terminal(run: RecordedRun) -> None:
    call("tag", "first", "--message", "a\x1b[2J\nb")
    (line,) = call("log").stdout.splitlines()
    assert line.endswith("[first] a\\x1b[2J\\nb")


def test_a_folder_that_is_in_the_way_is_one_sentence(run: RecordedRun, tmp_path: Path) -> None:
    (tmp_path / "out.npz").mkdir()
    target = tmp_path / "out.npz"
    told = call("export", "results/toy/model/forget-2.json", target, status=2).stderr
    assert told == f"error: target {target} is a folder; name a file\n"
    assert target.is_dir()


def test_an_empty_log_says_how_to_fill_it(run: RecordedRun) -> None:
    assert "hyperforget store tag" in call("log").stdout
    assert call_json("log") == []


def test_a_name_that_is_taken_logs_nothing(run: RecordedRun) -> None:
    call("tag", "paper")
    make_run(run.folder, steps=7, begin=5_000)
    refused = call("tag", "paper", status=2)
    assert "tag paper is version" in refused.stderr
    assert len(call_json("log")) == 1


def test_show_tells_what_something_is(run: RecordedRun) -> None:
    told = call_json("show", "results/toy/corpus.json")
    assert told["token"]["kind"] == "corpus"
    assert "kind: dataset" in call("show", run.objects["results/toy/dataset.json"][:12]).stdout


def test_lineage_draws_a_tree_a_graph_or_json(run: RecordedRun) -> None:
    tree = call("lineage").stdout
    assert tree.startswith("results/report.html ← build_report\n")
    assert call("lineage", "results/metrics.csv", "--dot").stdout.startswith("digraph lineage {")
    assert len(call_json("lineage", "results/metrics.csv")["steps"]) == 7


def test_lineage_writes_a_crate(run: RecordedRun) -> None:
    pytest.importorskip("rocrate")
    (run.folder / "Snakefile").write_text('# a workflow for snakemake\nrule all:\n    input: "x"\n')
    assert call("lineage", "--crate").stdout == "wrote results/ro-crate-metadata.json\n"
    assert (run.results / "source/Snakefile").is_file()
    refused = call("lineage", "results/metrics.csv", "--crate", status=2)
    assert "the run behind results/report.html, not results/metrics.csv" in refused.stderr


def test_diff_compares_a_tag_with_the_present_results(run: RecordedRun) -> None:
    call("tag", "ten")
    make_run(run.folder, steps=7, begin=5_000)
    assert "config: sample_unlearned sampling.steps: 10 → 7; 7 files follow" in call("diff", "ten").stdout
    call("tag", "seven")
    told = call_json("diff", "ten", "seven")
    assert told["causes"][0]["what"] == "sampling.steps"
    assert told["cells"][0]["outside"] is True
    assert call("diff", "seven").stdout == "seven and the present results have the same files\n"


def test_checkout_brings_a_tag_back_with_its_configuration(run: RecordedRun) -> None:
    call("tag", "ten")
    digest = file_digest(run.results / "metrics.csv")
    make_run(run.folder, steps=7, begin=5_000)
    assert file_digest(run.results / "metrics.csv") != digest
    told = call_json("checkout", "ten", "--config", "ten.yaml")
    assert file_digest(run.results / "metrics.csv") == digest
    assert told["before"] == 2
    assert told["config"] == [{"key": "models.model.sampling.steps", "old": 7, "new": 10}]
    assert "steps: 10" in Path("ten.yaml").read_text()
    assert "12 files are back as they were" in call("checkout", "2").stdout


def test_verify_ends_with_status_1_where_something_is_damaged(run: RecordedRun) -> None:
    sound = call("verify")
    assert sound.stdout.startswith("all is well")
    assert "MB, at level 1" in sound.stderr
    assert call_json("verify", "--level", "2") == []
    path = run.store.blob_path(file_digest(run.results / "metrics.csv"))
    path.write_bytes(path.read_bytes().replace(b"toy", b"tox"))
    assert call_json("verify", "--level", "0", status=0) == []
    (finding,) = call_json("verify", status=1)
    assert (finding["kind"], finding["id"]) == ("blob", path.name)
    assert f"blob {path.name}" in call("verify", status=1).stdout
    assert call("verify", "--level", "3", status=2).stdout == ""


def test_gc_only_tells_unless_it_is_told_to_delete(run: RecordedRun) -> None:
    call("tag", "ten")
    before = set(run.store.root.rglob("*"))
    make_run(run.folder, steps=7, begin=5_000)
    more = set(run.store.root.rglob("*"))
    call("checkout", "ten")
    arguments = ("gc", "--grace", "0", "--keep-last", "1")
    assert "would remove 0 items, 0.0 MB\n" in call("gc").stdout
    told = call("gc", "--grace", "0", "--keep-last", "0").stdout
    assert re.search(r"would remove \d+ items, .* MB; --delete does it", told)
    assert more <= set(run.store.root.rglob("*"))
    call("gc", "--grace", "0", "--keep-last", "0", "--delete")
    left = {path for path in more - before if path.is_file()} & set(run.store.root.rglob("*"))
    assert left == set()
    assert call_json("verify", "--level", "2") == []
    assert call_json("show", "ten")["files"]
    assert call_json(*arguments)["removals"] == []


def test_gc_does_not_delete_without_results_to_keep(run: RecordedRun, tmp_path_factory: pytest.TempPathFactory) -> None:
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    refused = call("gc", "--delete", "--store", run.store, status=2)
    assert "name every folder of results" in refused.stderr


def test_export_hands_out_parameters(run: RecordedRun) -> None:
    told = call_json("export", "results/toy/model/forget-2.json", "out/networks.npz")
    assert told["size_bytes"] == Path("out/networks.npz").stat().st_size
    with np.load("out/networks.npz") as file:
        assert file["params"].tolist() == [[10.0] * 5]
    call("export", run.objects["results/toy/checkpoints/shard-0.json"][:10], "out/runs.safetensors")
    assert "has none of the endings" in call("export", "results/toy/model/forget-2.json", "x.pt", status=2).stderr


def test_selftest_tries_the_file_system(run: RecordedRun) -> None:
    checks = call_json("selftest")
    assert len(checks) > 5
    assert all(check["passed"] for check in checks)
    assert "ok    hard link: " in call("selftest", run.folder).stdout
    assert "nothing can be written" in call("selftest", run.folder / "absent", status=2).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("log",),
        ("show", "deadbeef00"),
        ("lineage", "results/metrics.csv"),
        ("diff", "ten"),
        ("checkout", "ten"),
        ("verify",),
        ("gc",),
        ("export", "deadbeef00", "x.npz"),
    ],
)
def test_an_absent_store_is_one_line_and_status_2(run: RecordedRun, arguments: tuple[str, ...]) -> None:
    refused = call(*arguments, "--store", "nowhere", status=2)
    assert refused.stdout == ""
    assert re.fullmatch(r"error: .*nowhere.*\n", refused.stderr)


def test_results_may_lie_elsewhere(run: RecordedRun, tmp_path_factory: pytest.TempPathFactory) -> None:
    call("tag", "ten")
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    place = ("--store", run.store, "--results", run.results)
    assert "have the same files" in call("diff", "ten", *place).stdout
    assert call_json("lineage", *place)["target"]["kind"] is None
    call("checkout", "ten", "--store", run.store, "--results", "copy")
    assert Path("copy/metrics.csv").read_bytes() == (run.results / "metrics.csv").read_bytes()


def test_the_command_starts_as_a_module(run: RecordedRun) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    told = subprocess.run(
        [sys.executable, "-m", "hyperforget.cli.main", "store", "show", "nothing"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert told.stderr.startswith("error: 'nothing' is no file")
