"""Write weights that are divided among the processes as one file, tensor by tensor."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from stride.distributed import broadcast, is_main
from stride.engine.checkpoint.memory import as_bytes
from stride.engine.checkpoint.safetensors_io import header
from stride.models.shards import full_tensor, is_sharded
from stride.models.weights import memory_key, weights_bytes
from stride.runs.writer_base import Writer

_SLICE = 16 * 2**20


def commit_weights(writer: Writer, path: Path, state: Mapping[str, Any]) -> str:
    """Put a state dict's tensors in place as a safetensors file; return its SHA-256.

    Where they are divided every process has to ask, at the same moment. No process holds more of
    them than one tensor.
    """
    if not any(is_sharded(value) for value in state.values() if isinstance(value, Tensor)):
        content = weights_bytes(state)
        writer.commit(path, content)
        return hashlib.sha256(content).hexdigest()
    digest = hashlib.sha256()
    pieces = _noted(_pieces(state), digest)
    writer.commit(path, pieces)
    for _ in pieces:  # who writes nothing takes part in putting the tensors together
        pass
    return str(broadcast(digest.hexdigest()))


def weights_digest(state: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the file that `commit_weights` would make; every process has to ask."""
    if not any(is_sharded(value) for value in state.values() if isinstance(value, Tensor)):
        return hashlib.sha256(weights_bytes(state)).hexdigest()
    digest = hashlib.sha256()
    for piece in _pieces(state):
        digest.update(piece)
    return str(broadcast(digest.hexdigest()))


def _noted(pieces: Iterator[memoryview], digest: Any) -> Iterator[memoryview]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def _pieces(state: Mapping[str, Any]) -> Iterator[memoryview]:
    """Yield the bytes of a safetensors file on rank 0, nothing on the others."""
    names, tied = broadcast(_twins(state))  # a process without rows knows of no twins
    tensors = {name: state[name] for name in names}
    if is_main():
        metadata = {"tied": json.dumps(tied)} if tied else {"format": "pt"}
        yield memoryview(header(tensors, metadata))
    for tensor in tensors.values():
        content = as_bytes(full_tensor(tensor).detach().cpu().contiguous())
        if is_main():
            for start in range(0, len(content), _SLICE):
                yield content[start : start + _SLICE]


def _twins(state: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Return the names of the tensors in the order of a file, and those that are others again."""
    known: dict[tuple[object, ...], str] = {}
    tensors = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    first = {name: known.setdefault(memory_key(value), name) for name, value in tensors.items()}
    kept = [name for name in tensors if first[name] == name]
    kept.sort(key=lambda name: (-tensors[name].itemsize, name))
    return kept, {name: twin for name, twin in first.items() if twin != name}
