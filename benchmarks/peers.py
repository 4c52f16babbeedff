"""The same training by other trainers, where they are installed; what they cost beside STRIDE.

Each trains the MLP from the DataLoader of the raw loop with torch's AdamW, as its users write it.
"""

import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from benchmarks.loops import Outcome
from benchmarks.parties import train_in_turns
from benchmarks.scale import Scale
from benchmarks.strided import fit_in_memory
from benchmarks.table import Row, ratio_row
from benchmarks.tasks import Task, mlp


class Peer(NamedTuple):
    """Another trainer.

    Attributes:
        title: how the table calls it.
        package: what must be installed.
        function: where its training is, as module:function.
        goal: the largest part of its time that STRIDE may take.
    """

    title: str
    package: str
    function: str
    goal: float | None = None


PEERS = (
    Peer("Lightning, barebones", "lightning", "benchmarks.peer_lightning:bare", 1 / 2.5),
    Peer("Lightning, defaults", "lightning", "benchmarks.peer_lightning:default", 1 / 4),
    Peer("Accelerate", "accelerate", "benchmarks.peer_huggingface:accelerated"),
    Peer("HF Trainer", "transformers", "benchmarks.peer_huggingface:hf_trainer"),
)


def peer_rows(scale: Scale) -> Iterator[Row]:
    """Yield a row for each peer; of one that is not installed, one that says so."""
    task = mlp(epochs=scale.of(2), samples=scale.of(16_384, 1_024))
    there = [peer for peer in PEERS if find_spec(peer.package) is not None]
    seconds = _measure(task, there, scale) if there else {}
    for peer in PEERS:
        what = f"MLP, in memory / {peer.title}"
        if peer.title in seconds:
            yield ratio_row("peers", what, seconds["stride"], seconds[peer.title], peer.goal)
        else:
            yield Row("peers", what, goal=peer.goal, missing="not installed")


def _measure(task: Task, peers: list[Peer], scale: Scale) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as name, _silence():
        folder = Path(name)
        trainings: dict[str, Callable[[], Outcome]] = {
            "stride": partial(fit_in_memory, task, folder)
        }
        for peer in peers:
            module, _, function = peer.function.partition(":")
            trainings[peer.title] = partial(getattr(import_module(module), function), task, folder)
        return train_in_turns(task, trainings, scale.of(5), same_bits={})


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Send advice, bars and logs of other trainers to nowhere."""
    level = logging.root.manager.disable
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(level)
