"""Agents of torchrun, on this machine or in network namespaces that stand for other hosts."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from stride.callbacks.base import Callback
from stride.distributed import rank, world_size
from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.runs.status import newest_segment

TRAINED = 126  # samples of the training split of CONFIG
ROOT = Path(__file__).parents[2]
SECONDS = 120.0  # after which an agent that goes on is a failure
PAUSE = 0.1  # for each step of a training that is to be disturbed
CONFIG = {
    "device": "cpu",
    "dataset_kwargs.subsample_rate": "0.1",
    "load_data_kwargs.batch_size": "2",
    "model_kwargs.model_name": "MLP",
    "model_kwargs.hidden": "[6]",
    "model_kwargs.dropout": "0.3",
    "optimizer_kwargs.lr": "0.01",
    "training_config.max_epochs": "2",
    "training_config.log_interval": "4",
    "training_config.callbacks": '["tests.integration.hosts:Paced"]',
    "checkpoint_config.every_steps": "5",
    "checkpoint_config.background": "false",
    "distributed_config.timeout_seconds": "15",
    "distributed_config.agree_every": "2",
    "logging_config.terminal_display": "off",
}
QUICK = {  # how torchrun is told to notice soon that an agent is gone
    "join_timeout": 90,
    "last_call_timeout": 2,
    "keep_alive_interval": 1,
    "keep_alive_max_attempt": 3,
}


class Paced(Callback):
    """Take some time for each step while a file says so, and note which samples were seen."""

    def __init__(self) -> None:
        self._slow = Path(os.environ.get("SLOW", os.devnull + "/none"))

    def before_train(self, trainer: Any) -> None:
        """Choose where this process notes what it sees."""
        segment = newest_segment(trainer.run.paths)
        self._place = trainer.run.paths.path / "seen" / f"{segment}-{rank()}.jsonl"
        self._place.parent.mkdir(exist_ok=True)

    def before_step(self, trainer: Any, batches: Any) -> None:
        """Note step, epoch and samples of this process."""
        row = {
            "step": trainer.state.step,
            "epoch": trainer.state.epoch,
            "world": world_size(),
            "pid": os.getpid(),
            "samples": [hash(tuple(x.flatten().tolist())) for b in batches for x in b[0]],
        }
        with open(self._place, "a") as file:
            file.write(json.dumps(row) + "\n")
        time.sleep(PAUSE if self._slow.exists() else 0)


def seen(run: RunPaths) -> list[dict[str, Any]]:
    """Return what the processes of a run have noted, segment by segment; torn lines left out."""
    found = []
    for file in sorted((run.path / "seen").glob("*.jsonl")):
        segment = int(file.name.partition("-")[0])
        for line in file.read_text().splitlines():
            with suppress(ValueError):
                found.append({"segment": segment, **json.loads(line)})
    return found


def samples_by_epoch(run: RunPaths) -> dict[int, list[int]]:
    """Return the samples of the steps that counted: those that no later segment did again."""
    begun = [record["from_step"] for record in Run(run.path).segments]
    ends = [*begun[1:], float("inf")]
    counted: dict[int, list[int]] = {}
    for row in seen(run):
        if begun[row["segment"]] < row["step"] <= min(ends[row["segment"] :]):
            counted.setdefault(row["epoch"], []).extend(row["samples"])
    return counted


def require_whole(run: RunPaths, epochs: int = 2) -> None:
    """Require that a run is done, and saw every sample of each epoch once."""
    assert Run(run.path).status["state"] == "done"
    epochs_seen = samples_by_epoch(run)
    assert sorted(epochs_seen) == [*range(epochs)]
    for samples in epochs_seen.values():
        assert len(samples) == TRAINED and max(Counter(samples).values()) == 1


class Agent:
    """One torchrun, and the processes that it starts.

    Args:
        log: where all of them write.
        options: of torchrun; without any it is the training itself that starts.
        config: dotted keys and values, over those of `CONFIG`.
        slow: while this file is there each step takes its time.
        within: the words before the command, as those that enter a namespace.
        environment: more variables.
    """

    def __init__(
        self,
        log: Path,
        *options: str,
        config: Mapping[str, str],
        slow: Path,
        within: tuple[str, ...] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        words = [f"--config={key}={value}" for key, value in {**CONFIG, **config}.items()]
        torchrun = ["-m", "torch.distributed.run", *options] if options else []
        command = [sys.executable, *torchrun, "-m", "stride", *words]
        path = os.pathsep.join([str(ROOT), str(ROOT / "cli"), os.environ.get("PYTHONPATH", "")])
        own = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "SLOW": str(slow)}
        self.log = log
        with open(log, "ab") as output:
            self._process = subprocess.Popen(
                [*within, *command],
                env={**os.environ, **own, **(environment or {})},
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._known: set[int] = set()

    @property
    def pid(self) -> int:
        """Return the agent's process id: `ip netns exec` becomes the command that it runs."""
        return self._process.pid

    def workers(self) -> list[int]:
        """Return the ids of the processes that the agent has started and that live."""
        found = [int(one) for one in _read(f"/proc/{self.pid}/task/{self.pid}/children").split()]
        self._known |= {*found}
        return [one for one in found if lives(one)]

    def kill(self) -> list[int]:
        """Kill the agent alone; return its workers."""
        workers = self.workers()
        os.kill(self.pid, signal.SIGKILL)
        self._process.wait()
        return workers

    def wait(self, seconds: float = SECONDS) -> int:
        """Wait for the agent's end; return its exit code."""
        return self._process.wait(seconds)

    def words(self) -> str:
        """Return what was written."""
        return self.log.read_text(errors="replace")

    def end(self) -> None:
        """End the agent and its processes, whatever has happened."""
        self.workers()
        for pid in (self.pid, *self._known) if self._process.poll() is None else ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()


class Agents:
    """Start agents that are ended with the block, and wait for what they do.

    Args:
        folder: of their work_dir and logs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._slow = folder / "slow"
        self._agents: list[Agent] = []

    def start(self, *options: str, work_dir: str = "W", **named: Any) -> Agent:
        """Start an agent; see `Agent`."""
        config = {"work_dir": str(self.folder / work_dir), **named.pop("config", {})}
        log = self.folder / f"agent{len(self._agents)}.log"
        agent = Agent(log, *options, config=config, slow=self._slow, **named)
        self._agents.append(agent)
        return agent

    def slow_down(self) -> None:
        """Have each step take its time from now on."""
        self._slow.touch()

    def hurry(self) -> None:
        """Let the steps be as fast as can be."""
        self._slow.unlink()

    def run(self, name: str = "0", work_dir: str = "W") -> RunPaths:
        """Return a run of the work_dir."""
        return RunPaths(self.folder / work_dir / name)

    def until(self, true: Callable[[], Any], what: str, seconds: float = SECONDS) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"not in time: {what}\n{self.words()}"
            time.sleep(0.05)

    def until_steps(self, steps: int, segment: int = 0, world: int | None = None) -> None:
        """Wait until a segment of the run has done so many steps, in so many processes."""

        def reached() -> bool:
            rows = [row for row in seen(self.run()) if row["segment"] == segment]
            first = min((row["step"] for row in rows), default=0)
            mine = [row for row in rows if world in (None, row["world"])]
            return any(row["step"] >= first + steps for row in mine)

        self.until(reached, f"{steps} steps of segment {segment}")

    def until_world(self, size: int) -> None:
        """Wait until so many processes train together, some steps."""
        rows = lambda: [row for row in seen(self.run()) if row["world"] == size]  # noqa: E731
        self.until(lambda: len(rows()) >= 4 * size, f"{size} processes")

    def words(self) -> str:
        """Return what all agents wrote."""
        return "\n".join(f"--- {agent.log.name}\n{agent.words()}" for agent in self._agents)

    def __enter__(self) -> "Agents":
        return self

    def __exit__(self, *_: object) -> None:
        for agent in self._agents:
            agent.end()


class Hosts:
    """Two network namespaces joined by a virtual cable; those of this process alone."""

    def __init__(self) -> None:
        own = f"{os.getpid() % 100000}"
        self.names = (f"stA{own}", f"stB{own}")
        self.addresses = ("10.77.0.1", "10.77.0.2")

    def __enter__(self) -> "Hosts":
        first, second = self.names
        for name in self.names:
            _ip("netns", "add", name)
        _ip("link", "add", first, "type", "veth", "peer", "name", second)
        for name, address in zip(self.names, self.addresses, strict=True):
            _ip("link", "set", name, "netns", name)
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", name)
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", name, "up")
        return self

    def __exit__(self, *_: object) -> None:
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False)

    def cut(self) -> None:
        """Cut the cable."""
        _ip("-n", self.names[1], "link", "set", self.names[1], "down")

    def mend(self) -> None:
        """Join the cable again."""
        _ip("-n", self.names[1], "link", "set", self.names[1], "up")

    def agent(self, agents: Agents, host: int, nodes: str, **named: Any) -> Agent:
        """Start an agent on one of the hosts, 0 or 1.

        Both are on one machine and have its name, so neither would know by its address that the
        store is to be opened there: `is_host` says so.
        """
        conf = {"is_host": int(host == 0), **QUICK}
        flags = [
            f"--nnodes={nodes}",
            "--nproc-per-node=1",
            "--max-restarts=3",
            "--rdzv-backend=c10d",
            f"--rdzv-endpoint={self.addresses[0]}:29500",
            "--rdzv-id=night",
            f"--local-addr={self.addresses[host]}",
            "--rdzv-conf=" + ",".join(f"{key}={value}" for key, value in conf.items()),
        ]
        environment = {
            "GLOO_SOCKET_IFNAME": self.names[host],
            "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
        }
        within = ("ip", "netns", "exec", self.names[host])
        return agents.start(*flags, within=within, environment=environment, **named)


def why_no_hosts() -> str:
    """Return why namespaces cannot be made here, the empty text where they can."""
    if shutil.which("ip") is None:
        return "the command ip (package iproute2) is not installed"
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    try:
        with Hosts():
            return ""
    except subprocess.CalledProcessError as error:
        return f"network namespaces cannot be made here: {error.stderr.strip()}"


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def lives(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and was not waited for does not."""
    state = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return bool(state) and state[0] not in "ZX"


def _read(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text()
    return ""


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
