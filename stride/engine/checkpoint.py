"""Write all that resuming needs into one folder, at once or not at all, and read it back."""

import hashlib
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from stride.engine.packing import Packer, unpack
from stride.engine.state import TrainState
from stride.errors import RunError, StrideError
from stride.models.weights import apart
from stride.runs.files import atomic_json, read_record
from stride.runs.layout import FORMAT_VERSION, CheckpointPaths
from stride.version import __version__


def require_storable(state: TrainState) -> None:
    """Take the state apart as for a checkpoint, and write nothing.

    Raises:
        TypeError: a part holds something that cannot be stored without pickle, naming it.
    """
    for name, part in state.state_dict().items():
        Packer().pack(part, name)


def write_state(folder: Path, state: TrainState) -> dict[str, Any]:
    """Write the state's parts and their digests into an empty folder; return the record.

    A part's tensors are in `<part>.safetensors`, everything else of all parts in `state.json`.

    Raises:
        TypeError: a part holds something that cannot be stored without pickle, naming it.
        StrideError: the folder cannot be written, naming the file.
    """
    paths = CheckpointPaths(folder)
    skeleton = {}
    for name, part in state.state_dict().items():
        packer = Packer()
        skeleton[name] = packer.pack(part, name)
        if packer.tensors:
            _write_tensors(paths.part(name), packer.tensors)
    atomic_json(paths.state, {"format_version": FORMAT_VERSION, "parts": skeleton})
    record = _record(folder, state)
    atomic_json(paths.record, record)
    return record


def _write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    try:
        save_file(apart(tensors), path)
    except SafetensorError as error:  # a full disk, in its own words
        raise StrideError(f"cannot write: {error}", where=str(path)) from error


def _record(folder: Path, state: TrainState) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "step": state.step,
        "epoch": state.epoch,
        "position": state.position,
        "time": time.time(),
        "files": {path.name: file_record(path) for path in sorted(folder.iterdir())},
        "versions": {
            "stride": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
    }


def file_record(path: Path) -> dict[str, Any]:
    """Return the SHA-256 and the size in bytes of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "size": path.stat().st_size}


def read_state(folder: Path) -> dict[str, Any]:
    """Return the state that `write_state` wrote, on the CPU, after checking every digest.

    Raises:
        RunError: a file is missing, damaged, or written by a newer STRIDE.
    """
    paths = CheckpointPaths(folder)
    _check_files(folder, read_record(paths.record)["files"])
    parts = read_record(paths.state)["parts"]
    return {name: _read_part(paths.part(name), skeleton) for name, skeleton in parts.items()}


def _check_files(folder: Path, files: Mapping[str, Any]) -> None:
    for name, expected in files.items():
        path = folder / name
        if not path.is_file() or file_record(path) != expected:
            raise RunError(f"the checkpoint's file {name} is damaged", where=str(path))


def _read_part(path: Path, skeleton: Any) -> Any:
    return unpack(skeleton, load_file(path) if path.is_file() else {})
