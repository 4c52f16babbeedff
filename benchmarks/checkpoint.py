"""What a checkpoint of 100 million parameters and their Adam state costs, beside its floor.

Wall time, since most of it is the disk's. Before each turn of a writer the disk is idle. The floor
of a synced save is the slower of two things that can go on at once: NumPy's `tofile` of the same
bytes, made durable, and SHA-256 of them in two threads. What writes without making it durable is
followed by `os.sync`, which counts.
"""

import hashlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.checkpoint_peers import PEERS, async_stall, silence
from benchmarks.scale import Scale
from benchmarks.table import Row, ratio_row
from benchmarks.timing import take_turns
from stride.callbacks.checkpoints import Checkpoints
from stride.callbacks.monitor import Monitor
from stride.config.sections.checkpoint import CheckpointConfig
from stride.engine.checkpoint.checkpoint import Snapshot, read_state, snapshot, write_state
from stride.engine.checkpoint.memory import empty
from stride.engine.hooks import Hooks
from stride.engine.state import TrainState
from stride.runs.files.atomic import atomic_folder
from stride.runs.layout import checkpoint_name
from stride.runs.writer import RunWriter

LAYERS, WIDTH = 16, 2_500  # 100 million parameters
TURNS = 7


def checkpoint_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of saving, loading, and of what training waits for; then those of peers."""
    torch.set_num_threads(1)
    state = made(scale.of(WIDTH, 64))
    # Here and not where temporary files are: those may be in memory.
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name, silence():
        folder, turns = Path(name), scale.of(TURNS)
        yield from _saving(state, folder, turns)
        yield from _loading(state, folder, turns)
        yield from _stalling(state, folder, turns)


def made(width: int) -> TrainState:
    """Return the state of a training that has made one step."""
    network = nn.Sequential(*(nn.Linear(width, width, bias=False) for _ in range(LAYERS)))
    optimizer = torch.optim.AdamW(network.parameters())
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    optimizer.zero_grad()
    return TrainState(model=network, optimizer=optimizer)


def _saving(state: TrainState, folder: Path, turns: int) -> Iterator[Row]:
    numbers = flat(snapshot(state))
    parties: dict[str, Callable[[], None]] = {
        "save": lambda: save(state, folder / "ours"),
        "write": lambda: write(numbers, folder / "flat"),
        "hash": lambda: hash_in_two_threads(numbers),
    }
    there = [peer for peer in PEERS if find_spec(peer.package) is not None]
    for peer in there:
        parties[peer.title] = _peer(peer.save, state, folder / "theirs")
    seconds = take_turns({k: _fresh(party, folder) for k, party in parties.items()}, turns)
    floor = list(map(max, seconds["write"], seconds["hash"]))
    what = "synced save / max(tofile + fsync, hash in 2 threads)"
    yield ratio_row("checkpoint", what, seconds["save"], floor, 1.15)
    for peer in PEERS:
        what = f"{peer.title}, synced / the same"
        if peer in there:
            yield ratio_row("checkpoint", what, seconds[peer.title], floor)
        else:
            yield Row("checkpoint", what, missing="not installed")


def _peer(save: Callable[..., None], state: TrainState, path: Path) -> Callable[[], None]:
    def party() -> None:
        save(state.parts["model"], state.parts["optimizer"], path)
        os.sync()

    return party


def _fresh(party: Callable[[], None], folder: Path) -> Callable[[], float]:
    """Return a party that begins with an empty folder and an idle disk."""

    def timed() -> float:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        os.sync()
        return seconds_of(party)

    return timed


def _loading(state: TrainState, folder: Path, turns: int) -> Iterator[Row]:
    numbers = flat(snapshot(state))
    save(state, folder / "ours")
    write(numbers, folder / "flat")
    both: dict[str, Callable[[], object]] = {
        "load": lambda: read_state(folder / "ours"),
        "read": lambda: np.fromfile(folder / "flat", np.uint8),
        "hash": lambda: hash_in_two_threads(numbers),
    }
    for where, prepare in (("on the disk", forget), ("in the system's cache", recall)):
        seconds = take_turns(
            {k: _after(prepare, one, folder, numbers.nbytes) for k, one in both.items()}, turns
        )
        floor = list(map(max, seconds["read"], seconds["hash"]))
        what = f"load, files {where} / max(fromfile, hash in 2 threads)"
        yield ratio_row("checkpoint", what, seconds["load"], floor, 1.15)


def _after(
    prepare: Callable[[Path], None], party: Callable[[], object], folder: Path, size: int
) -> Callable[[], float]:
    """Return a party that finds the files prepared, and memory that a virtual machine has."""

    def timed() -> float:
        for path in folder.rglob("*"):
            if path.is_file():
                prepare(path)
        touch(3 * size)  # the cache takes as much as the tensors
        return seconds_of(party)

    return timed


def _stalling(state: TrainState, folder: Path, turns: int) -> Iterator[Row]:
    live = [tensor for part in snapshot(state).tensors.values() for tensor in part.values()]
    held = [torch.empty_like(tensor) for tensor in live]
    training = Training(state, folder / "w")

    def copy() -> None:
        for buffer, tensor in zip(held, live, strict=True):
            buffer.copy_(tensor)

    parties = {
        "stride": training.stall,
        "copy": lambda: seconds_of(copy),
        "dcp": lambda: async_stall(state.state_dict(), folder / "dcp"),
    }
    seconds = take_turns({k: _rested(party) for k, party in parties.items()}, turns)
    training.end()
    what = "stall of a background save / copy to held buffers"
    yield ratio_row("checkpoint", what, seconds["stride"], seconds["copy"], 1.2)
    what = "stall of torch.distributed.checkpoint.async_save / the same"
    yield ratio_row("checkpoint", what, seconds["dcp"], seconds["copy"])


def _rested(party: Callable[[], float]) -> Callable[[], float]:
    """Return a party that begins with an idle disk, and as cold as each other one."""

    def timed() -> float:
        os.sync()
        time.sleep(0.2)
        return party()

    return timed


class Training:
    """Just enough of a training to save it as the loop does: a state in a real run.

    Args:
        state: what is saved.
        work_dir: where the run is made.
    """

    def __init__(self, state: TrainState, work_dir: Path) -> None:
        self.state = state
        self.run = RunWriter.start(work_dir, config={}, provenance={})
        self.hooks = Hooks(self, [], object)
        self._stands = False
        config = CheckpointConfig(every_minutes=None, keep_last=1)
        self._checkpoints = Checkpoints(
            config,
            lambda epoch, step: checkpoint_name("mlp", "none", "x", epoch, step),
            Monitor("loss", "min"),
        )

    def stall(self) -> float:
        """Save in the background; return how long the training waits, and then wait for the rest.

        The rest is not that of `finish`, after which the next save would need new memory.
        """
        self.state.step += 1
        self._stands = False
        seconds = seconds_of(lambda: self._checkpoints.save(self))
        while not self._stands:
            time.sleep(0.01)
            self._checkpoints.save_if_due(self)
        return seconds

    def after_checkpoint(self, path: Path) -> None:
        """Note that the checkpoint stands."""
        self._stands = True

    def end(self) -> None:
        """End the run."""
        self._checkpoints.finish(self)
        self.run.close("done")


def save(state: TrainState, path: Path) -> None:
    """Save as a run does, durably."""
    with atomic_folder(path) as folder:
        write_state(folder, state)


def flat(taken: Snapshot) -> "np.ndarray[Any, Any]":
    """Return all numbers as one array of bytes."""
    parts = [tensor.reshape(-1) for part in taken.tensors.values() for tensor in part.values()]
    return torch.cat(parts).numpy().view(np.uint8)


def write(numbers: "np.ndarray[Any, Any]", path: Path) -> None:
    """Write an array the plainest way, durably."""
    with path.open("wb") as file:
        numbers.tofile(file)
        file.flush()
        os.fsync(file.fileno())


def hash_in_two_threads(numbers: "np.ndarray[Any, Any]") -> None:
    """Take SHA-256 of both halves at once."""
    halves = np.array_split(numbers, 2)
    other = threading.Thread(target=lambda: hashlib.sha256(halves[0].data).digest())
    other.start()
    hashlib.sha256(halves[1].data).digest()
    other.join()


def touch(size: int) -> None:
    """Use new memory, and give it back: what a host gives a guest at the first touch takes long."""
    empty([size], torch.uint8).zero_()


def forget(path: Path) -> None:
    """Take a file out of the system's cache."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def recall(path: Path) -> None:
    """Bring a file into the system's cache."""
    with path.open("rb", buffering=0) as file:
        block = bytearray(2**20)
        while file.readinto(block):
            pass


def seconds_of(party: Callable[[], object]) -> float:
    """Return the wall time of a call, its result's end not counted."""
    start = time.perf_counter()
    result = party()
    seconds = time.perf_counter() - start
    del result
    return seconds
