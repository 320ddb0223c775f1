"""The store's commands on a finished run of the reduced configuration, and what the workflow does afterwards."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.checkouts import Checkout

pytestmark = [pytest.mark.workflow, pytest.mark.smoke]

REDUCED = ("--configfile", "tests/smoke/config.yaml")
TARGET = "results/report.html"
FEWER_STEPS = ("--config", "models={dihyfo-2: {sampling: {steps: 7}}}")


def store(folder: Path, *arguments: str) -> Any:
    """Run ``hyperforget store`` and return what it printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "hyperforget.cli.main", "store", *arguments, "--json"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def outputs(folder: Path) -> dict[str, bytes]:
    """Every result file below a folder of the checkout by path: all but logs, benchmarks, store and crate."""
    results = folder / "results"
    return {
        path.relative_to(results).as_posix(): path.read_bytes()
        for path in sorted(results.rglob("*"))
        if path.is_file()
        and path.relative_to(results).parts[0] not in ("store", "logs", "benchmarks", "source")
        and path.name != "ro-crate-metadata.json"
    }


# A finished run whose results have a tag, and the bytes of these.
Tagged = tuple[Checkout, dict[str, bytes]]


@pytest.fixture(scope="module")
def tagged(finished: Checkout) -> Tagged:
    """The finished run, kept as ``paper``, and its files."""
    store(finished.folder, "tag", "paper")
    return finished, outputs(finished.folder)


def test_a_report_leads_back_to_the_dataset(tagged: Tagged) -> None:
    found = store(tagged[0].folder, "lineage", TARGET)
    stages = {step["stage"] for step in found["steps"]}
    assert {"fetch_dataset", "collect_checkpoints", "assemble_corpus", "train_hypernet", "evaluate"} <= stages
    assert {"dataset", "segment", "corpus", "hypernet", "networks"} <= {file["kind"] for file in found["files"]}
    assert all(file["recipe_id"] for file in found["files"])


def test_a_checkout_leaves_the_workflow_nothing_to_do(tagged: Tagged) -> None:
    run, before = tagged
    for path in (run.folder / "results").iterdir():
        if path.name != "store":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    store(run.folder, "checkout", "paper")
    assert run.planned(TARGET, *REDUCED) == {}
    assert outputs(run.folder) == before


def test_a_checkout_in_a_new_folder_leaves_the_workflow_nothing_to_do(tagged: Tagged, tmp_path: Path) -> None:
    run, before = tagged
    new = tmp_path / "new"
    store(run.folder, "checkout", "paper", "--results", str(new / "results"))
    printed = run.dry_run("-n", TARGET, *REDUCED, "--directory", str(new))
    assert "Nothing to be done" in printed.stdout
    assert outputs(new) == before


def test_after_a_pull_and_a_checkout_on_another_machine_there_is_nothing_to_do(tagged: Tagged, tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="no obstore: pip install -e '.[remote]'")
    run, before = tagged
    remote, new = tmp_path / "remote", tmp_path / "new"
    remote.mkdir()
    store(run.folder, "push", remote.as_uri())
    theirs = ("--store", str(new / "results/store"))
    pulled = store(run.folder, "pull", remote.as_uri(), "paper", *theirs)
    # One for each step, and what else gave the same files in runs of other tests.
    assert 43 <= pulled["recipes"] < 53
    assert store(run.folder, "verify", "--level", "2", *theirs) == []
    store(run.folder, "checkout", "paper", "--results", str(new / "results"), *theirs)
    printed = run.dry_run("-n", TARGET, *REDUCED, "--directory", str(new))
    assert "Nothing to be done" in printed.stdout
    assert outputs(new) == before
    lineage = store(run.folder, "lineage", str(new / TARGET), *theirs)
    assert len(lineage["steps"]) == 50


def test_after_other_settings_a_checkout_with_its_configuration_is_complete_too(tagged: Tagged) -> None:
    run, before = tagged
    printed = run.snakemake(TARGET, *REDUCED, *FEWER_STEPS)
    assert printed.returncode == 0, printed.stdout[-3000:]
    told = store(run.folder, "diff", "paper")
    assert [(each["key"], each["new"]) for each in told["config"]] == [("models.dihyfo-2.sampling.steps", 7)]
    assert {(cause["stage"], cause["what"]) for cause in told["causes"]} == {
        ("sample_unlearned", "sampling.steps"),
        ("sweep_unlearned", "sampling.steps"),
        ("probe_hypernet", "sampling.steps"),
        ("export_generator", "sampling.steps"),
        ("measure_requests", "generators.dihyfo-2.sampling.steps"),
    }
    assert {cell["key"][1] for cell in told["cells"]} == {"dihyfo-2"}

    done = store(run.folder, "checkout", "paper", "--config", "paper.yaml")
    assert [each["key"] for each in done["config"]] == ["models.dihyfo-2.sampling.steps"]
    assert outputs(run.folder) == before
    own = ("--configfile", "paper.yaml")
    assert run.snakemake("--touch", TARGET, *own).returncode == 0
    assert run.planned(TARGET, *own) == {}
    assert outputs(run.folder) == before
    # The other settings are not taken for those of the files that are there now.
    assert run.planned(TARGET, *own, *FEWER_STEPS)["sample_unlearned"] == 2
    # As it was for the tests that follow.
    assert run.snakemake("--touch", TARGET, *REDUCED).returncode == 0


def test_a_run_can_be_described_as_a_crate(tagged: Tagged) -> None:
    pytest.importorskip("rocrate")
    run, before = tagged
    store(run.folder, "lineage", "--crate")
    graph = json.loads((run.folder / "results/ro-crate-metadata.json").read_bytes())["@graph"]
    actions = [entity for entity in graph if entity["@type"] == "CreateAction"]
    assert len(actions) == len(store(run.folder, "lineage", TARGET)["steps"]) + 1
    copied = run.folder / "results/source"
    assert (copied / "Snakefile").read_bytes() == (run.folder / "Snakefile").read_bytes()
    assert {path.name for path in (copied / "workflow/rules").iterdir()} == {
        path.name for path in (run.folder / "workflow/rules").iterdir()
    }
    # Neither the crate nor the copies belong to the version.
    assert store(run.folder, "diff", "paper")["added"] == []
    assert outputs(run.folder) == before


def test_the_store_is_sound_and_keeps_what_is_needed(tagged: Tagged) -> None:
    run, _ = tagged
    assert store(run.folder, "verify", "--level", "2") == []
    store(run.folder, "gc", "--grace", "0", "--keep-last", "0", "--delete")
    assert store(run.folder, "verify", "--level", "2") == []
    assert run.planned(TARGET, *REDUCED) == {}
    assert len(store(run.folder, "lineage", TARGET)["steps"]) == 50
