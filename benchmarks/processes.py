"""What two processes cost: STRIDE beside a loop written by hand with DistributedDataParallel."""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.scale import Scale
from benchmarks.startup import one_step
from benchmarks.table import Row, ratio_row, row_of
from benchmarks.timing import cpu_seconds, take_turns

PROCESSES = 2
HELLO = """
import torch
torch.distributed.init_process_group("gloo")
torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
torch.distributed.destroy_process_group()
"""


def process_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of CPU time, of bytes between the ranks, and of the start."""
    yield from _training(scale, "mlp", "MLP, in memory", 0.95)
    yield from _training(scale, "cnn", "CNN 1x28x28, batch 128", 1.02)
    yield _start(scale)


def _training(scale: Scale, task: str, name: str, goal: float) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        quick = ["--quick"] if scale.quick else []
        command = [*launcher(), "-m", "benchmarks.ranked", task, folder, *quick]
        cpu_seconds(command, folder=Path.cwd(), path=ROOT)
        figures = json.loads(Path(folder, "figures.json").read_text())
    seconds, sent = ({name: [one[i] for one in figures[name]] for name in figures} for i in (0, 1))
    what = f"{name}, 2 processes / DistributedDataParallel by hand"
    yield ratio_row("processes", what, seconds["stride"], seconds["by hand"], goal)
    what = f"{name}, 2 processes: bytes between them / the same"
    yield ratio_row("processes", what, sent["stride"], sent["by hand"], 1.15)


def _start(scale: Scale) -> Row:
    """Return the row of a whole run of one step, beyond a program that makes one optimiser."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "hello.py").write_text(HELLO)
        commands = {
            "stride": [*launcher(), *one_step(folder / "runs")[1:]],
            "hello": [*launcher(), "hello.py"],
        }
        parties = {
            key: (lambda command=command: cpu_seconds(command, folder=folder)[0])
            for key, command in commands.items()
        }
        seconds = take_turns(parties, scale.of(5))
    both = zip(seconds["stride"], seconds["hello"], strict=True)
    beyond = [(one - other) / PROCESSES for one, other in both]
    what = "start of a run of one step, 2 processes, beyond a bare one, CPU time of each"
    return row_of("processes", what, beyond, 1.0, "s")


def launcher() -> list[str]:
    """Return the beginning of a command that starts the processes."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return [*torchrun, f"--nproc-per-node={PROCESSES}"]


ROOT = Path(__file__).parents[1]
