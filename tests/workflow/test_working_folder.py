"""Where a run happens: what else lies in that folder, and which programs are there, decides nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.checkouts import ROOT, Checkout

pytestmark = pytest.mark.workflow

TOKEN = "results/digits-4/dataset.json"
# What a user may have there: scripts named as modules that jobs import, and other code of this package's name.
HOSTILE = ("random.py", "numpy.py", "zarr.py", "torch/__init__.py", "hyperforget/__init__.py")


def make_hostile(folder: Path) -> None:
    for name in HOSTILE:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"open({str(folder / 'executed')!r}, 'a').write(__name__)\nraise SystemExit(7)\n")


@pytest.mark.parametrize("searched", [None, ".::{installed}"])
def test_jobs_import_nothing_from_the_folder_that_they_run_in(
    checkout: Checkout, tmp_path: Path, searched: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_hostile(tmp_path)
    if searched is None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
    else:
        monkeypatch.setenv("PYTHONPATH", searched.format(installed=checkout.folder / "envs"))
    # Started elsewhere, since an empty entry of PYTHONPATH has Snakemake itself import from where it is started.
    arguments = ["--cores", "1", "--snakefile", str(checkout.folder / "Snakefile"), "--directory", str(tmp_path)]
    printed = subprocess.run(
        [sys.executable, "-P", "-m", "snakemake", *arguments, TOKEN],
        cwd=checkout.folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert printed.returncode == 0, printed.stdout
    assert (tmp_path / TOKEN).is_file()
    assert not (tmp_path / "executed").exists()


def test_several_processes_import_nothing_from_there_either(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_hostile(tmp_path)
    hardware = ("--config", "hardware={processes: 2, device: cpu}")
    planned = checkout.dry_run("-n", "-p", "results/digits-4/dihyfo-1/hypernet.json", *hardware).stdout
    [command] = [line.strip() for line in planned.splitlines() if "-m hyperforget.stages train_hypernet" in line]
    launcher = command.removeprefix("Shell command: ").partition(" train_hypernet")[0]
    assert launcher.startswith("torchrun --standalone --nproc-per-node 2 -m ")
    # A stage that is not there: the package has been imported when that is said.
    monkeypatch.setenv("PYTHONPATH", str(checkout.folder))
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    program, *options = launcher.replace("per-node 2", "per-node 1").split()
    printed = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *options, "nothing"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert "stage 'nothing' is unknown" in printed.stdout
    assert not (tmp_path / "executed").exists()


def test_the_package_of_the_snakefile_runs_without_being_installed(another: Checkout, tmp_path: Path) -> None:
    another.edit("hyperforget/stages/fetch_dataset.py", lambda text: text + "\nprint('of this checkout')\n")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [
        sys.executable,
        "-P",
        "-m",
        "snakemake",
        "--cores",
        "1",
        TOKEN,
        "--directory",
        str(tmp_path / "elsewhere"),
    ]
    printed = subprocess.run(
        [*command, "--snakefile", str(another.folder / "Snakefile")],
        cwd=another.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert printed.returncode == 0, printed.stdout
    [log] = (tmp_path / "elsewhere/results/logs").rglob("*.log")
    assert "of this checkout" in log.read_text()


def test_a_machine_without_bash_waits_for_its_jobs(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "python", "which"):
        (programs / name).symlink_to(sys.executable if name == "python" else str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(programs))
    folder = tmp_path / "results of it"
    folder.mkdir()
    snakefile = str(checkout.folder / "Snakefile")
    printed = checkout.snakemake(TOKEN, "--snakefile", snakefile, "--directory", str(folder), cwd=folder)
    assert printed.returncode == 0, printed.stdout
    assert (folder / TOKEN).is_file()


def test_a_home_that_cannot_be_written_needs_another_folder_for_caches(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "export XDG_CACHE_HOME=" in (ROOT / "docs" / "cluster.md").read_text()
    monkeypatch.setenv("HOME", "/proc/nobody")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    printed = checkout.snakemake(TOKEN)
    assert printed.returncode == 0, printed.stdout


def test_after_a_crash_what_the_document_says_goes_on(checkout: Checkout, tmp_path: Path) -> None:
    told = (ROOT / "docs" / "running.md").read_text()
    assert "`snakemake --unlock`" in told
    of_this = ("--snakefile", str(checkout.folder / "Snakefile"), TOKEN)
    killed = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1", *of_this],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(checkout.folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not list(tmp_path.glob(".snakemake/locks/*")) and killed.poll() is None:
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert "LockException" in checkout.snakemake(*of_this, cwd=tmp_path).stdout
    assert checkout.snakemake(*of_this, "--unlock", cwd=tmp_path).returncode == 0
    printed = checkout.snakemake(*of_this, cwd=tmp_path)
    assert printed.returncode == 0, printed.stdout
    assert (tmp_path / TOKEN).is_file()
