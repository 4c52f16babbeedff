"""What a trial costs beside its run, and how much faster two workers are than one."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row, row_of
from benchmarks.timing import take_turns

OVERHEAD = 0.05
"""Seconds of CPU that a trial may take beside its run."""

SHARED = 1 / 0.95
"""Two workers gain at least 0.95 of what two scripts gain that know nothing of each other."""

CONFIG: dict[str, Any] = {
    "dataset_kwargs": {"dataset_name": "digits"},
    "model_kwargs": {"model_name": "MLP", "hidden": [16]},
    "logging_config": {"terminal_display": "off"},
    "device": "cpu",
}
SEARCH = {"search_space": {"optimizer_kwargs.lr": "float(1e-4,1e-1,log)"}}
KINDS: dict[str, dict[str, Any]] = {
    "grid": {},
    "TPE and median pruner": {
        **SEARCH,
        "pruner": {"pruner_name": "median", "n_startup_trials": 99},
    },
}
SCRIPT = """
import json, sys
from stride import Trainer
work_dir, config, rates = map(json.loads, sys.argv[1:])
trainer = Trainer(work_dir, **config)
for lr in rates:
    trainer.fit({"optimizer_kwargs.lr": lr})
"""


def trial_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of a trial's own cost, and of two workers beside one."""
    for kind in KINDS:
        yield _overhead(scale, kind)
    yield _workers(scale)


def _rates(count: int) -> list[float]:
    return [0.01 * (n + 1) / count for n in range(count)]


def _config(epochs: int) -> dict[str, Any]:
    return {**CONFIG, "training_config": {"max_epochs": epochs}}


def _overhead(scale: Scale, kind: str) -> Row:
    """Return the row of (a sweep of N trials - N warm fits) / N, in seconds of CPU."""
    from stride.sweeps.sweeper import Sweeper
    from stride.trainer.trainer import Trainer

    count = scale.of(20, 2)
    asked = (
        {"trials": count, **KINDS[kind]}
        if KINDS[kind]
        else {"grid": {"optimizer_kwargs.lr": _rates(count)}}
    )
    with tempfile.TemporaryDirectory() as folder:

        def warm() -> Trainer:
            trainer = Trainer(tempfile.mkdtemp(dir=folder), **_config(2))
            trainer.fit()
            return trainer

        def sweep() -> float:
            trainer, begun = warm(), time.process_time()
            Sweeper(trainer, **asked).run()
            return (time.process_time() - begun) / count

        def fits() -> float:
            trainer, begun = warm(), time.process_time()
            for lr in _rates(count):
                trainer.fit({"optimizer_kwargs.lr": lr})
            return (time.process_time() - begun) / count

        seconds = take_turns({"sweep": sweep, "fits": fits}, scale.of(7))
    beyond = [one - other for one, other in zip(seconds["sweep"], seconds["fits"], strict=True)]
    return row_of("sweeps", f"a trial beyond a warm fit, {kind}, CPU time", beyond, OVERHEAD, "s")


def _workers(scale: Scale) -> Row:
    """Return the row of the share of one's time that two workers take, to that of scripts."""
    count, epochs = scale.of(32, 2), scale.of(12)
    with tempfile.TemporaryDirectory() as folder:
        parties = {
            f"{name} {n}": (
                lambda run=run, n=n: run(tempfile.mkdtemp(dir=folder), count, epochs, n)
            )
            for name, run in (("workers", _sweep), ("scripts", _scripts))
            for n in (1, 2)
        }
        seconds = take_turns(parties, scale.of(3))
    shares = {
        name: [
            two / one for one, two in zip(seconds[f"{name} 1"], seconds[f"{name} 2"], strict=True)
        ]
        for name in ("workers", "scripts")
    }
    what = "two workers / one, to two independent scripts / one, by the clock"
    return ratio_row("sweeps", what, shares["workers"], shares["scripts"], SHARED)


def _sweep(work_dir: str, count: int, epochs: int, workers: int) -> float:
    from stride.sweeps.processes import work_in_processes
    from stride.sweeps.sweeper import Sweeper
    from stride.trainer.trainer import Trainer

    trainer = Trainer(work_dir, **_config(epochs))
    sweep = Sweeper(trainer, grid={"optimizer_kwargs.lr": _rates(count)}).begin()
    begun = time.perf_counter()
    work_in_processes(sweep, workers)
    return time.perf_counter() - begun


def _scripts(work_dir: str, count: int, epochs: int, scripts: int) -> float:
    """Run scripts that share the rates out among them; return the seconds until the last ends."""
    begun = time.perf_counter()
    shares = [_rates(count)[n::scripts] for n in range(scripts)]
    processes = [_script(Path(work_dir, str(n)), epochs, rates) for n, rates in enumerate(shares)]
    if any([one.wait() for one in processes]):
        raise RuntimeError("a script did not succeed")
    return time.perf_counter() - begun


def _script(work_dir: Path, epochs: int, rates: Sequence[float]) -> "subprocess.Popen[bytes]":
    given = (str(work_dir), _config(epochs), rates)
    words = [json.dumps(one) for one in given]
    return subprocess.Popen([sys.executable, "-c", SCRIPT, *words], stdout=subprocess.DEVNULL)
