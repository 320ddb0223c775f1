"""What the profiles make of the DAG: how many jobs a cluster gets, and what each asks for."""

import re
from pathlib import Path

import pytest
import yaml

from tests.checkouts import Checkout

pytestmark = pytest.mark.workflow

SLURM, WORKSTATION = "profiles/slurm", "profiles/workstation"
REPORT = ("results/report.html", "--workflow-profile", SLURM)
# These run where Snakemake runs.
LOCAL = ("gather_", "build_")


Jobs = list[list[tuple[str, dict[str, str]]]]


def planned(checkout: Checkout, *arguments: str) -> Jobs:
    """What a dry run would submit: for each job of the cluster its rules, and what each of these asks for."""
    printed = checkout.dry_run("-n", *arguments)
    assert printed.returncode == 0, printed.stdout
    jobs = []
    # Members of a group are indented below its line.
    for part in re.split(r"\n(?=\[[^\n]*\] Group job |rule )", printed.stdout)[1:]:
        rules = re.findall(r"^ *rule (\w+):", part, flags=re.MULTILINE)
        resources = [
            dict(pair.split("=", 1) for pair in line.split(", "))
            for line in re.findall(r"^ +resources: (.*)$", part, flags=re.MULTILINE)
        ]
        jobs.append(list(zip(rules, resources, strict=True)))
    return [job for job in jobs if not job[0][0].startswith(LOCAL)]


def rules_of(jobs: Jobs) -> list[list[str]]:
    return [sorted(rule for rule, _ in job) for job in jobs]


def test_the_default_run_takes_fewer_than_forty_cluster_jobs(checkout: Checkout) -> None:
    jobs = rules_of(planned(checkout, *REPORT))
    assert len(jobs) == 25
    assert sum(map(len, jobs)) == 148 - 6
    assert sorted(["export_generator"] * 4 + ["measure_requests"] * 2) in jobs
    for data in [job for job in jobs if "fetch_dataset" in job]:
        assert data == ["fetch_dataset", "train_original", "train_strangers"]
    forget_sets = [job for job in jobs if "evaluate" in job]
    assert len(forget_sets) == 12
    for job in forget_sets:
        assert job == [
            "edit_original",
            "edit_quickly",
            "evaluate",
            "look_up_checkpoints",
            *["sample_edited"] * 2,
            *["sample_unlearned"] * 2,
            "train_retrained",
        ]
    hypernets = [job for job in jobs if "train_hypernet" in job]
    once = ["probe_hypernet", "sweep_unlearned", "train_hypernet"]
    edits = ["compare_optimizers", "probe_hypernet", "sweep_edited", "sweep_unlearned", "train_hypernet"]
    assert sorted(hypernets) == [edits, edits, once, once]


def test_one_setting_says_how_many_forget_sets_a_job_takes(checkout: Checkout) -> None:
    jobs = rules_of(planned(checkout, *REPORT, "--group-components", "forget=4", "generator=100"))
    assert [job.count("evaluate") for job in jobs if "evaluate" in job] == [4, 4, 4]
    assert len(jobs) == 25 - 9


def test_memory_and_time_grow_with_each_attempt(checkout: Checkout) -> None:
    first, second = (planned(checkout, *REPORT, "--attempt", attempt) for attempt in ("1", "2"))
    asked = [
        {rule: (int(resources["mem_mb"]), int(resources["runtime"])) for job in jobs for rule, resources in job}
        for jobs in (first, second)
    ]
    assert len(asked[0]) == 19
    assert {rule: (2 * memory, 2 * minutes) for rule, (memory, minutes) in asked[0].items()} == asked[1]


@pytest.mark.parametrize(("device", "processes"), [("auto", 3), ("cpu", 3), ("cuda", 3), ("cuda:1", 1)])
def test_gpus_are_asked_for_where_the_configuration_names_them(checkout: Checkout, device: str, processes: int) -> None:
    hardware = ("--config", f"hardware={{device: '{device}', processes: {processes}}}")
    asked = {
        rule: resources.get("gpu", "0") for job in planned(checkout, *REPORT, *hardware) for rule, resources in job
    }
    without = {"fetch_dataset", "assemble_corpus", "look_up_checkpoints", "evaluate", "export_generator"}
    without |= {"measure_requests"}
    named = device.startswith("cuda")
    assert {rule for rule, count in asked.items() if count == "0"} == (without if named else set(asked))
    if named:
        assert asked.pop("train_hypernet") == str(processes)
        assert {asked[rule] for rule in asked.keys() - without} == {"1"}


def test_two_lines_of_the_profile_are_the_sites_own(checkout: Checkout) -> None:
    text = (checkout.folder / SLURM / "profile.v9+.yaml").read_text()
    assert re.findall(r"^ *(\w+): \w+ +# EDIT", text, flags=re.MULTILINE) == [
        "slurm_account",
        "slurm_partition",
    ]
    profile = yaml.safe_load(text)
    assert profile["slurm-status-command"] == "squeue"
    assert "slurm-array-jobs" not in profile


def test_retries_are_the_profiles(checkout: Checkout) -> None:
    """A rule's own retries run within a job, with the same memory and time."""
    rules = "".join(file.read_text() for file in (checkout.folder / "workflow" / "rules").iterdir())
    assert not re.search(r"^ +retries:", rules, flags=re.MULTILINE)


def test_a_workstation_runs_as_many_jobs_on_gpus_as_it_has(checkout: Checkout) -> None:
    profile = checkout.folder / WORKSTATION / "profile.v9+.yaml"
    text = profile.read_text()
    assert re.findall(r"^ *(\w+): \w+ +# EDIT", text, flags=re.MULTILINE) == ["gpu", "mem_mb"]
    printed = checkout.dry_run("-n", "results/report.html", "--workflow-profile", WORKSTATION)
    assert printed.returncode == 0, printed.stdout
    assert len(re.findall(r"^ +resources: .*\bgpu=1\b", printed.stdout, flags=re.MULTILINE)) == 126 + 6 - 24


def test_the_thesis_own_scale_is_planned_out_as_the_documentation_says(checkout: Checkout) -> None:
    jobs = rules_of(planned(checkout, *REPORT, "--configfile", "config/thesis.yaml"))
    assert sum(job == ["collect_checkpoints"] for job in jobs) == 126
    assert sum("train_hypernet" in job for job in jobs) == 4
    assert sum("evaluate" in job for job in jobs) == 5
    assert len(jobs) == 141


@pytest.mark.parametrize("profile", [[], ["--workflow-profile", "none"]], ids=["default", "none"])
def test_the_sentence_of_a_failed_job_stands_on_the_screen(
    checkout: Checkout, tmp_path: Path, profile: list[str]
) -> None:
    wanted = ("results/digits-4/original.json", "--config", "hardware={device: mps}")
    printed = checkout.snakemake("--snakefile", str(checkout.folder / "Snakefile"), *wanted, *profile, cwd=tmp_path)
    assert printed.returncode != 0
    assert re.search(
        "^  error: hardware.device is 'mps', which torch .* does not find here; allowed", printed.stdout, re.M
    )
    assert "failed: digits-4: training the original networks" in printed.stdout
