"""A real SLURM of one node on loopback, for as long as a test needs it.

The daemons run in the foreground as children of the test, so that they end with it. Their configuration, keys, sockets
and logs lie in one folder; nothing outside it is written. No accounting database, no cgroups: memory is watched by a
poll every two seconds.
"""

import os
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel")
ACCOUNT, PARTITION = "unlearning", "cpus"

_SYSTEM_PATH = "/usr/sbin:/sbin"
_START_SECONDS, _STOP_SECONDS = 30.0, 30.0

_CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser={user}
SlurmdUser={user}
# A job that was requeued waits until its credential has expired.
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
PlugStackConfig={folder}/plugstack.conf
# The other way without cgroups, linuxproc, loses what a cancelled script has started.
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
MpiDefault=none
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
# Ended jobs are told of as long as a slow run lasts.
MinJobAge=3600
KillWait=5
ReturnToService=2
PropagateResourceLimits=NONE
# The node below may have more processors and memory than the machine.
SlurmdParameters=config_overrides
# What no partition can run is refused, instead of waiting for ever.
EnforcePartLimits=ALL
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=64000 Gres=gpu:{gpus} State=UNKNOWN
PartitionName={partition} Nodes={host} Default=YES MaxTime=1-0 DefaultTime=10 State=UP
"""
# SLURM wants a device file for each GPU, and opens none of them.
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random")


def missing_programs() -> list[str]:
    """What of SLURM is not installed here."""
    return [name for name in PROGRAMS if shutil.which(name, path=_search_path(os.environ["PATH"])) is None]


@dataclass(frozen=True)
class SingleNode:
    """A running cluster; commands find it through ``environment``."""

    folder: Path
    environment: dict[str, str]

    def call(self, *command: str) -> str:
        """What one of SLURM's commands printed."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    def running(self) -> list[tuple[str, list[str]]]:
        """Processes of jobs: the id of the job, and the arguments of the process."""
        found = [(environment.get("SLURM_JOB_ID"), arguments) for environment, arguments in self._processes()]
        return [(job, arguments) for job, arguments in found if job is not None]

    def processes(self) -> list[str]:
        """Command lines of all processes, other than this one, that were started for the cluster or on it."""
        return [shlex.join(arguments) for _, arguments in self._processes()]

    def _processes(self) -> Iterator[tuple[dict[str, str], list[str]]]:
        """Environment and arguments; the cluster's processes are known by the folder in their search path."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                read = [(entry / name).read_bytes().decode(errors="replace") for name in ("environ", "cmdline")]
            except OSError:
                continue  # ended meanwhile, or another user's
            environment, arguments = (text.rstrip("\0").split("\0") for text in read)
            if str(self.folder) in read[0]:
                yield dict(pair.split("=", 1) for pair in environment if "=" in pair), arguments


@contextmanager
def single_node(cpus: int, gpus: int) -> Iterator[SingleNode]:
    """Start the daemons, and at the end cancel every job and stop them.

    Processors, memory and GPUs (at most 4, which nothing can compute on) are what SLURM believes in; the machine may
    have fewer. Raises TimeoutError, with what the daemons said, where the cluster does not come up.
    """
    with ExitStack() as stack:
        # Not pytest's temporary folder: munge refuses one with a closed folder above it.
        folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        environment = _write_configuration(folder, cpus, gpus)
        node = SingleNode(folder, environment)
        for daemon, is_up in _daemons(node):
            stack.callback(_stop, _start(folder, environment, daemon))
            _wait(is_up, _START_SECONDS, lambda: _said(folder))
        stack.callback(_cancel_jobs, node)
        yield node


def _write_configuration(folder: Path, cpus: int, gpus: int) -> dict[str, str]:
    folder.chmod(0o755)
    for name in ("state", "spool", "bin", "log"):
        (folder / name).mkdir()
    host = socket.gethostname().split(".")[0]
    controller_port, node_port = _free_ports(2)
    (folder / "slurm.conf").write_text(
        _CONFIGURATION.format(
            folder=folder,
            host=host,
            user=Path("~").expanduser().owner(),
            controller_port=controller_port,
            node_port=node_port,
            cpus=cpus,
            gpus=gpus,
            partition=PARTITION,
        )
    )
    (folder / "gres.conf").write_text(
        "".join(f"NodeName={host} Name=gpu File={device}\n" for device in _DEVICES[:gpus])
    )
    (folder / "plugstack.conf").touch()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    # Snakemake's executor drops SLURM_CONF before it calls srun within a job.
    srun = folder / "bin" / "srun"
    real = shutil.which("srun", path=os.environ["PATH"])
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {real} "$@"\n')
    srun.chmod(srun.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    path = f"{folder / 'bin'}{os.pathsep}{_search_path(os.environ['PATH'])}"
    return os.environ | {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": path}


def _daemons(node: SingleNode) -> list[tuple[list[str], Callable[[], bool]]]:
    """How each daemon is started, and how to see that it is up; each needs those before it."""
    folder = node.folder
    munged = [
        "munged",
        "--foreground",
        f"--socket={folder}/munge.socket",
        f"--key-file={folder}/munge.key",
        f"--pid-file={folder}/munged.pid",
        f"--seed-file={folder}/munged.seed",
        "--origin=127.0.0.1",
    ]
    return [
        (munged, lambda: _succeeds(node, "munge", "--no-input", f"--socket={folder}/munge.socket")),
        (["slurmctld", "-D"], lambda: _succeeds(node, "scontrol", "ping")),
        (["slurmd", "-D"], lambda: node.call("sinfo", "--noheader", "--format=%T").strip() == "idle"),
    ]


def _start(folder: Path, environment: dict[str, str], command: list[str]) -> subprocess.Popen[bytes]:
    with open(folder / "log" / f"{command[0]}.log", "wb") as log:
        return subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _stop(daemon: subprocess.Popen[bytes]) -> None:
    daemon.send_signal(signal.SIGTERM)
    try:
        daemon.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait(_STOP_SECONDS)


def _cancel_jobs(node: SingleNode) -> None:
    """End every job while the daemons can still do it."""
    node.call("scancel", "--user", Path("~").expanduser().owner())
    _wait(lambda: not node.call("squeue", "--noheader").strip(), _STOP_SECONDS, lambda: _said(node.folder))


def _wait(is_so: Callable[[], bool], seconds: float, explain: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"SLURM did not get there in {seconds:.0f} s:\n{explain()}")
        time.sleep(0.1)


def _succeeds(node: SingleNode, *command: str) -> bool:
    done = subprocess.run(command, env=node.environment, capture_output=True, timeout=60, check=False)
    return done.returncode == 0 and b"DOWN" not in done.stdout


def _said(folder: Path) -> str:
    """The last lines of the daemons' logs."""
    logs = sorted((folder / "log").iterdir())
    return "\n".join(f"{log.stem}: {line}" for log in logs for line in log.read_text().splitlines()[-5:])


def _search_path(path: str) -> str:
    return f"{path}{os.pathsep}{_SYSTEM_PATH}"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
