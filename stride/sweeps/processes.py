"""Let several processes of this machine work on a sweep, with devices and threads shared out."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch
from optuna.trial import FrozenTrial, TrialState

from stride.config.pack import Pack
from stride.engine.signals import Interrupted, obeying_signals
from stride.engine.stopping import StopRequest
from stride.errors import RunFailed
from stride.sweeps.sweep import Sweep
from stride.sweeps.trials.trial import WORKER, OpenTrial, Outcome

_BETWEEN_LOOKS = 0.1  # seconds
_DEATHS = 3
"""How often a process may die in a trial without a word, before that counts as failed."""

_NO_TRIAL = -1
"""Stands for the number of a trial where a process died that had none."""

_LINES = 20  # of what a worker printed last, told with its error


def work_in_processes(
    sweep: Sweep, count: int, *, trust: bool = False, pack: Pack = "auto"
) -> None:
    """Train trials in so many processes until none is left.

    A process that is killed, as by the system when memory runs out, gets a successor, which goes
    on with its trial; one in which that happens again and again is a failed one.

    Args:
        sweep: whose trials they take.
        count: of processes.
        trust: whether the user vouches for the import paths in the sweep's config.
        pack: as for `Packing`, in each process.

    Raises:
        RunFailed: a worker could not work; tells what it said.
        Interrupted: a signal ended the trainings, with checkpoints behind them.
    """
    workers = [_Process(sweep, place, count, trust, pack) for place in range(count)]
    deaths: Counter[int] = Counter()
    stop = StopRequest()
    with obeying_signals(stop):
        try:
            for one in workers:
                one.start()
            while any(one.is_alive() for one in workers):
                time.sleep(_BETWEEN_LOOKS)
                if stop.signal:
                    _end_all(workers, stop.signal)
                    raise Interrupted(stop.signal)
                for one in workers:
                    _replace_dead(sweep, one, deaths)
        finally:
            _end_all(workers, signal.SIGKILL)
    failed = next((one for one in workers if one.code), None)
    if failed is not None:
        raise RunFailed(failed.last_words(), where=str(failed.log))
    for one in workers:
        one.log.unlink(missing_ok=True)


@dataclass
class _Process:
    """One worker process and its successors.

    Attributes:
        sweep: which it works on.
        place: of this one among all.
        count: of all.
        trust: given to it.
        pack: likewise.
    """

    sweep: Sweep
    place: int
    count: int
    trust: bool
    pack: Pack
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """Return where its output goes."""
        return self.sweep.paths.workers / f"{os.getpid()}-{self.place}.log"

    @property
    def pid(self) -> int:
        """Return its id, 0 before it was started."""
        return self._process.pid if self._process else 0

    @property
    def code(self) -> int | None:
        """Return its exit code, None while it lives."""
        return self._process.poll() if self._process else None

    def is_alive(self) -> bool:
        """Tell whether it works."""
        return self._process is not None and self.code is None

    def start(self) -> None:
        """Start it, or its successor."""
        order = {
            "sweep": str(self.sweep.paths.path),
            "trust": self.trust,
            "pack": self.pack,
            "workers": self.count,
            "parent": os.getpid(),
        }
        self.log.parent.mkdir(parents=True, exist_ok=True)
        places = [place or os.getcwd() for place in sys.path]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "stride.sweeps", json.dumps(order)],
                env={**os.environ, **self._share(), "PYTHONPATH": os.pathsep.join(places)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,  # a terminal's Ctrl-C is passed on, once
            )

    def _share(self) -> dict[str, str]:
        """Return the variables that give this process its share of the machine."""
        share: dict[str, str] = {}
        if "OMP_NUM_THREADS" not in os.environ:
            share["OMP_NUM_THREADS"] = str(max(1, torch.get_num_threads() // self.count))
        devices = _devices()
        if devices and self.count > 1:
            share["CUDA_VISIBLE_DEVICES"] = devices[self.place % len(devices)]
        return share

    def last_words(self) -> str:
        """Return what it printed last."""
        lines = self.log.read_text(errors="replace").splitlines()[-_LINES:]
        return "\n".join(lines) or f"a worker ended with exit code {self.code}"


def _devices() -> list[str]:
    """Return the names of this process's CUDA devices, as CUDA_VISIBLE_DEVICES has them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name for name in named.split(",") if name]
    return [str(n) for n in range(torch.cuda.device_count())]


def _replace_dead(sweep: Sweep, worker: _Process, deaths: Counter[int]) -> None:
    """Start a successor of a worker that was killed, and give up a trial that kills them.

    Raises:
        RunFailed: they are killed before they have a trial, so that no successor helps.
    """
    if worker.code is None or worker.code >= 0:
        return
    name = signal.Signals(-worker.code).name
    what = f"its process was ended by {name} {_DEATHS} times, as where memory runs out"
    numbers = [one.number for one in _trials_of(sweep, worker.pid)]
    for number in numbers or [_NO_TRIAL]:
        deaths[number] += 1
        if deaths[number] < _DEATHS:
            continue
        if number == _NO_TRIAL:
            raise RunFailed(f"a worker took no trial: {what}", where=str(worker.log))
        dead = OpenTrial(sweep.study, sweep.storage, number, {})
        dead.tell(Outcome(TrialState.FAIL, error=what))
    worker.start()


def _trials_of(sweep: Sweep, pid: int) -> Iterator[FrozenTrial]:
    running = sweep.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    yield from (one for one in running if one.user_attrs.get(WORKER, {}).get("pid") == pid)


def _end_all(workers: list[_Process], number: int) -> None:
    """Send a signal to all that live, and wait for them: each writes its checkpoint."""
    for one in workers:
        if one.is_alive():
            with suppress(ProcessLookupError):
                os.kill(one.pid, number)
    while any(one.is_alive() for one in workers):
        time.sleep(_BETWEEN_LOOKS)
