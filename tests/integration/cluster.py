"""A real SLURM of two nodes on this machine, with all of its state in one folder."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
INSTALL = "type: make services"

# cred_expire: a job that is requeued waits for the end of its old credential.
CONFIG = """\
ClusterName=stride
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
SlurmctldPort={ports[0]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1
ReturnToService=2
InactiveLimit=0
KillWait=5
MinJobAge=300
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
NodeName={nodes[0]} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2
NodeName={nodes[1]} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Return why no cluster can be started here, the empty text where it can."""
    lacking = [name for name in PROGRAMS if _program(name) is None]
    return f"{', '.join(lacking)} not installed; {INSTALL}" if lacking else ""


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


class Cluster:
    """Two nodes that share this machine. As a context it starts them, and ends its own processes.

    Args:
        folder: for everything that the daemons write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._daemons: list[subprocess.Popen[bytes]] = []
        host = socket.gethostname().partition(".")[0]
        self.nodes = (host, f"{host}-2")  # the first has a name that is known outside of SLURM too
        values = {"host": host, "user": getpass.getuser(), "folder": folder, "nodes": self.nodes}
        self._config = folder / "slurm.conf"
        self._config.write_text(CONFIG.format(ports=_free_ports(3), **values))
        self.environment = {"SLURM_CONF": str(self._config)}

    def __enter__(self) -> Self:
        try:
            self._start_munge()
            self._daemon("slurmctld", "-D", "-c")
            for node in self.nodes:
                self._daemon("slurmd", "-D", "-N", node)
            until(lambda: self.call("sinfo", "-h", "-o", "%D %t").strip() == "2 idle", 30)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start_munge(self) -> None:
        key, place = self._folder / "munge.key", self._folder / "munge.socket"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self._folder.chmod(0o755)
        words = [f"--{name}-file={self._folder}/munge.{name}" for name in ("pid", "log", "seed")]
        self._daemon(
            "munged", "--foreground", "--force", f"--socket={place}", f"--key-file={key}", *words
        )
        until(place.exists, 10)

    def _daemon(self, name: str, *words: str) -> None:
        program = _program(name)
        assert program is not None
        with (self._folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [program, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._all(),
            )
        self._daemons.append(process)

    def _all(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def __exit__(self, *_: object) -> None:
        subprocess.run(
            ["scancel", "--user", getpass.getuser()], env=self._all(), timeout=30, check=False
        )
        time.sleep(1)  # for the jobs to end: they are no children of the daemons
        for process in reversed(self._daemons):
            process.terminate()
        for process in reversed(self._daemons):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def call(self, *command: str, cwd: Path | str | None = None) -> str:
        """Return what a command prints."""
        done = subprocess.run(
            command,
            env=self._all(),
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout

    def state(self, job: str) -> str:
        """Return the state of a job in SLURM's word."""
        words = self.call("scontrol", "show", "job", job).split()
        found = [word.partition("=")[2] for word in words if word.startswith("JobState=")]
        return found[0] if found else "UNKNOWN"


def until(holds: Callable[[], bool], seconds: float) -> None:
    """Wait until something holds, no longer than a time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{holds} does not hold after {seconds} s"
        time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
