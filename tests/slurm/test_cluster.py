"""The main job, reduced, on a real SLURM: it survives a cancelled job, and gives the tables of a local run."""

import re

import pytest

from tests.checkouts import Checkout
from tests.slurm.conftest import ClusterRun

pytestmark = [pytest.mark.workflow, pytest.mark.smoke, pytest.mark.slurm]


def test_the_run_ends_with_a_report(cluster_run: ClusterRun) -> None:
    assert cluster_run.status == 0, cluster_run.printed[-5000:]
    assert (cluster_run.folder / "results" / "report.html").is_file()


def test_no_process_outlives_the_cluster(cluster_run: ClusterRun) -> None:
    assert cluster_run.processes == []


def test_a_cancelled_training_goes_on_from_where_it_was(cluster_run: ClusterRun) -> None:
    assert cluster_run.jobs[cluster_run.cancelled]["JobState"] == "CANCELLED"
    assert cluster_run.printed.count("Trying to restart job") == 1
    log = (cluster_run.folder / "results/logs/train_hypernet/digits-4/dihyfo-1.log").read_text()
    [step] = re.findall(r"^resumed at step (\d+)$", log, flags=re.MULTILINE)
    assert 0 < int(step) < 150


def test_metrics_and_tables_are_those_of_a_local_run(cluster_run: ClusterRun, finished: Checkout) -> None:
    here, there = (run.folder / "results" for run in (finished, cluster_run))
    files = [here / "metrics.csv", *sorted((here / "tables").iterdir())]
    assert len(files) > 10
    differing = [file.name for file in files if file.read_bytes() != (there / file.relative_to(here)).read_bytes()]
    assert differing == []
    assert sorted(file.name for file in (there / "tables").iterdir()) == [file.name for file in files[1:]]


def test_jobs_ask_for_what_their_rules_need_one_after_another(cluster_run: ClusterRun) -> None:
    """Minutes are the sum over the rules of a group, processors and memory the largest; attempts multiply them."""
    asked = [
        (job["Comment"].removeprefix("rule_").split("_")[0], job["TimeLimit"], job["TRES"])
        for job in cluster_run.jobs.values()
    ]
    small, medium, large = (f"cpu=1,mem={memory}M,node=1,billing=1" for memory in (2000, 4000, 8000))
    assert sorted(asked) == [
        ("assemble", "00:15:00", small),
        ("collect", "01:00:00", medium),
        ("collect", "01:00:00", medium),
        ("data", "00:35:00", small),
        ("forget", "01:15:00", small),
        ("forget", "01:15:00", small),
        ("generator", "00:20:00", small),
        ("hypernet", "02:00:00", medium),  # neither of G.pt forgets a class, and so none is swept
        ("hypernet", "02:00:00", medium),
        ("hypernet", "02:05:00", medium),  # dihyfo-2 does not read a start, and so is no optimiser and edits nothing
        ("hypernet", "02:30:00", medium),  # cancelled
        ("hypernet", "05:00:00", large),
    ]


def test_a_group_asks_for_the_gpus_of_one_of_its_rules(cluster_run: ClusterRun) -> None:
    asked = {job["Comment"].split("_")[1]: job.get("TresPerJob") for job in cluster_run.jobs.values()}
    assert asked.pop("hypernet") == "gres:gpu:1"
    assert set(asked.values()) == {None}


def test_logs_of_slurm_lie_beside_those_of_the_rules(cluster_run: ClusterRun) -> None:
    logs = cluster_run.folder / "results" / "logs" / "slurm"
    assert {file.stem for file in logs.rglob("*.log")} == set(cluster_run.jobs)
