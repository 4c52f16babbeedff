"""Write all that resuming needs into one folder, and read it back after checking every byte."""

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from stride.distributed import any_rank, broadcast, rank, world_size
from stride.engine.checkpoint.hashed_file import write_hashed
from stride.engine.checkpoint.packing import Packer, divided_again, joined, unpack
from stride.engine.checkpoint.safetensors_io import (
    SHARD_BYTES,
    read_tensors,
    shards,
    write_tensors,
)
from stride.engine.checkpoint.snapshot import Staging
from stride.engine.device import device_name
from stride.engine.state import TrainState
from stride.errors import RunError
from stride.log import LOGGER
from stride.runs.files.atomic import read_record
from stride.runs.files.durable import os_errors_as
from stride.runs.files.encoding import json_bytes
from stride.runs.files.safe_open import read_own, require_size
from stride.runs.layout import (
    FORMAT_VERSION,
    CheckpointPaths,
    RunPaths,
    is_of_part,
    rank_of_rows,
)
from stride.runs.records.checkpoint import CheckpointRecord, CheckpointState, seal
from stride.version import __version__


@dataclass(frozen=True)
class Snapshot:
    """A state taken apart, as it was at one moment.

    Attributes:
        counters: step, epoch and position.
        skeletons: what is no tensor, by part.
        tensors: by part and name.
        rows: likewise, of tensors that are divided among the processes: those of this one.
        device: the name of the device that the tensors were on.
        threads: of torch, asked for here: another thread has a number of its own.
    """

    counters: dict[str, int]
    skeletons: dict[str, Any]
    tensors: dict[str, dict[str, Tensor]]
    rows: dict[str, dict[str, Tensor]]
    device: str
    threads: int = field(default_factory=torch.get_num_threads)


class Checkpoint(NamedTuple):
    """A checkpoint of a run: its folder's name, its record as it is there, and its state."""

    name: str
    record: dict[str, Any]
    state: dict[str, Any]


def require_storable(state: TrainState, names: Collection[str] = ()) -> int:
    """Take the state apart as for a checkpoint, and write nothing.

    Args:
        state: a training's state.
        names: the parts that are looked at; all where none are given.

    Returns:
        the bytes of their tensors, as far as this process would write them.

    Raises:
        TypeError: a part holds something that cannot be stored, naming it.
    """
    if not names:
        taken = snapshot(state)
        return sum(map(_bytes_of, (*taken.tensors.values(), *taken.rows.values())))
    packers = {name: Packer() for name in names}
    for name, packer in packers.items():
        packer.pack(state.parts[name].state_dict(), name)
    return sum(_bytes_of(packer.tensors) + _bytes_of(packer.rows) for packer in packers.values())


def _bytes_of(tensors: Mapping[str, Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors.values())


def snapshot(state: TrainState, staging: Staging | None = None) -> Snapshot:
    """Take the state of a training apart, as `take_apart` does."""
    return take_apart(state.state_dict(), staging)


def take_apart(parts: Mapping[str, Any], staging: Staging | None = None) -> Snapshot:
    """Take a state apart.

    Args:
        parts: by name, with the counters.
        staging: where the tensors are copied to, so that training may go on; without it they are
            those that were given.

    Raises:
        TypeError: a part holds something that cannot be stored, naming it.
    """
    packers = {name: Packer() for name in parts}
    skeletons = {name: packers[name].pack(part, name) for name, part in parts.items()}
    tensors = {name: packer.tensors for name, packer in packers.items()}
    rows = {name: packer.rows for name, packer in packers.items() if packer.rows}
    device = _device_of([*tensors.values(), *rows.values()])
    if staging is not None:
        tensors = staging.copy(tensors)
    return Snapshot(parts["counters"], skeletons, tensors, rows, device)


def _device_of(parts: Iterable[Mapping[str, Tensor]]) -> str:
    """Return the name of the accelerator that tensors are on."""
    devices = (tensor.device for tensors in parts for tensor in tensors.values())
    return device_name(next((d for d in devices if d.type != "cpu"), torch.device("cpu")))


def write_state(
    folder: Path,
    state: TrainState | Snapshot,
    *,
    value: float | None = None,
    streams: Mapping[str, int] | None = None,
    rows: Mapping[str, Any] | None = None,
    **identity: Any,
) -> dict[str, Any]:
    """Write a state and the digests of its files into an empty folder; return the record.

    A part's tensors are in `<part>.safetensors`, and further files of that name with a number
    where they are many bytes; everything else of all parts is in `state.json`.

    Args:
        folder: one that is there, and that nobody reads yet; who has made it makes durable that
            these files are in it.
        state: taken apart already, if another thread trains on meanwhile.
        value: of the monitored metric, at the end of an epoch.
        streams: bytes of each stream of rows, by file name.
        rows: the files that are there already, with each process's rows of divided tensors.
        identity: `uuid`, `segment` and `config_sha256` of the run's writer.

    Raises:
        TypeError: a part holds something that cannot be stored without pickle, naming it.
        StrideError: the folder cannot be written, naming the file.
    """
    taken = state if isinstance(state, Snapshot) else snapshot(state)
    paths = CheckpointPaths(folder)
    files = {**(rows or {}), **write_tensors(dict(_files(paths, taken)))}
    whole = {"format_version": FORMAT_VERSION, "parts": taken.skeletons}
    content = json_bytes(whole, indent=2)
    require_size(paths.state, len(content), CheckpointState.limit)  # else nobody could read it
    files[paths.state.name] = write_hashed(paths.state, [content])
    facts = {"value": value, "streams": streams or {}, "sha256": "0" * 64, **identity}
    record = CheckpointRecord.model_validate(_record(taken, files) | facts)
    content = seal(json_bytes(record.to_json(), indent=2))
    write_hashed(paths.record, [content])
    return json.loads(content)  # type: ignore[no-any-return]


def _files(paths: CheckpointPaths, taken: Snapshot) -> Iterator[tuple[Path, dict[str, Tensor]]]:
    for part, tensors in taken.tensors.items():
        for number, shard in enumerate(shards(tensors, SHARD_BYTES)):
            yield paths.part(part, number), shard


def _digest(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _record(taken: Snapshot, files: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        **taken.counters,
        "time": time.time(),
        "files": {name: files[name] for name in sorted(files)},
        "versions": {
            "stride": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "world_size": world_size(),
        "devices": [taken.device] * world_size(),
        "threads": taken.threads,
    }


def write_rows(folder: Path, taken: Snapshot) -> dict[str, Any]:
    """Write this process's rows of divided tensors; return each file's digest and size.

    Raises:
        StrideError: the folder cannot be written, naming the file.
    """
    paths = CheckpointPaths(folder)
    return write_tensors(
        {
            paths.part(part, number, rank()): shard
            for part, tensors in taken.rows.items()
            for number, shard in enumerate(shards(tensors, SHARD_BYTES))
        }
    )


def read_state(
    folder: Path, *, divided: bool = False, parts: Collection[str] = ()
) -> dict[str, Any]:
    """Return the state that `write_state` wrote, on the CPU, after checking every digest.

    Args:
        folder: a checkpoint's.
        divided: whether what was divided is divided among the processes of this training. Where
            it was among as many, each reads its own rows alone; else each reads all.
        parts: those that are read, as far as they are there; all where none are given.

    Raises:
        RunError: a file is missing, damaged, or written by a newer STRIDE.
    """
    paths = CheckpointPaths(folder)
    record = CheckpointRecord.read(paths.record)
    files = {folder / name: digest.model_dump() for name, digest in record.files.items()}
    _check(paths.state, files)
    saved = read_record(paths.state, limit=CheckpointState.limit)["parts"]
    record.require_state(paths.state, saved)
    if parts:
        saved = {name: part for name, part in saved.items() if name in parts}
        files = {p: d for p, d in files.items() if any(is_of_part(p.name, n) for n in parts)}
    wanted = (rank(), None) if divided and record.world_size == world_size() else None
    chosen = [p for p in files if wanted is None or rank_of_rows(p.name) in wanted]
    tensors = read_tensors({p: files[p] for p in chosen if p.suffix == ".safetensors"})
    join = divided_again if divided else joined
    try:
        return {name: unpack(skeleton, tensors, join) for name, skeleton in saved.items()}
    except KeyError as error:
        raise RunError(f"no file has the tensor {error}", where=str(folder)) from error


def _check(path: Path, files: Mapping[Path, Mapping[str, Any]]) -> None:
    """Refuse a file that is missing or not what the record says."""
    if not os.path.lexists(path):
        raise RunError(f"the checkpoint's file {path.name} is missing", where=str(path))
    with os_errors_as("cannot read", path, RunError):
        content = read_own(path, CheckpointState.limit)
    if _digest(content) != files.get(path):
        raise RunError(f"the checkpoint's file {path.name} is damaged", where=str(path))


def newest_good(
    paths: RunPaths,
    *,
    accept: Callable[[Mapping[str, Any]], bool] | None = None,
    divided: bool = False,
    tell: Callable[[str], object] = LOGGER.warning,
) -> Checkpoint | None:
    """Return the newest checkpoint of a run that is whole, or None where none is.

    The folders are looked at themselves: a kill may lie between the appearance of a folder and its
    mention in the index. A damaged one is skipped with a warning that says why, and so is one
    that another process could not read: all have to ask.

    Args:
        paths: the run's files.
        accept: tells by its record whether a checkpoint will do; may raise a RunError that says
            why not.
        divided: as of `read_state`.
        tell: is given the warnings.
    """
    for name in reversed(broadcast(paths.checkpoint_names())):
        folder = paths.checkpoint(name)
        found = None
        try:
            record = CheckpointRecord.read(folder.record).model_dump(
                mode="json", exclude_unset=True
            )
            if accept is None or accept(record):
                found = Checkpoint(name, record, read_state(folder.path, divided=divided))
        except RunError as error:
            tell(f"the checkpoint {name} is skipped: {error}")
        if not any_rank(found is None):  # all ranks take the same one
            return found
    return None
