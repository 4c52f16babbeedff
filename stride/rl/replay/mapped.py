"""Keep rows in a file that is mapped into memory, and know whether they are still the same.

The file is no part of a checkpoint, which holds a digest of each row. A process that is killed
leaves all that it wrote in the file, also what it wrote after its last checkpoint; rows that were
written over since are found by their digests, and so is whatever else befell the file.
"""

import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.errors import RunError
from stride.rl.replay.tables import Table
from stride.runs.files.durable import make_folder, os_errors_as, sync_folder
from stride.runs.files.safe_open import open_own

_CHUNK = 64 * 2**20  # bytes that are checked at once


class MappedTable(Table):
    """Rows in a file; their state is their digests.

    Args:
        path: the file; it is made where it is not there, and takes as much of the disk as was
            written.
        shape: with the number of rows first.
        dtype: of the numbers.

    Raises:
        RunError: the file cannot be made or opened.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        self._path, self._shape, self._dtype = path, shape[1:], dtype
        with os_errors_as("cannot make the folder of a replay buffer", path.parent, RunError):
            make_folder(path.parent)
        self._map(shape[0])
        with os_errors_as("cannot write", path.parent, RunError):
            sync_folder(path.parent)  # a checkpoint makes rows durable, not the file's name
        self._digests = np.zeros(shape[0], dtype=np.int64)
        self._keys = _keys(self._array[:1].nbytes)

    def _map(self, rows: int) -> None:
        size = rows * int(np.prod(self._shape)) * self._dtype.itemsize
        with os_errors_as("cannot map the replay buffer", self._path, RunError):
            descriptor = open_own(self._path, os.O_RDWR | os.O_CREAT)
            try:
                os.ftruncate(descriptor, max(size, os.fstat(descriptor).st_size))
                self._file = mmap.mmap(descriptor, size)
            finally:
                os.close(descriptor)
        self.tensor = torch.frombuffer(self._file, dtype=self._dtype).view(rows, *self._shape)
        self._array = self.tensor.numpy()

    def write(self, rows: np.ndarray, values: np.ndarray | Tensor) -> None:
        """Write rows, each of which is named once."""
        values = torch.as_tensor(values).cpu().numpy().astype(self._array.dtype, copy=False)
        self._array[rows] = values
        self._digests[rows] = _digests(values, self._keys)

    def grow(self, rows: int) -> None:
        """Have so many rows; those that were there stay."""
        self._digests = np.concatenate([self._digests, np.zeros(rows - len(self.tensor), np.int64)])
        self._map(rows)

    def state(self, start: int, stop: int) -> dict[str, Any]:
        """Return the digests of the rows, which lie on the disk now."""
        self._file.flush()
        return {"digests": torch.from_numpy(self._digests[start:stop])}

    def load_state(self, start: int, state: dict[str, Any], needed: np.ndarray) -> None:
        """Take the digests, and see that the rows are those.

        Raises:
            RunError: some are not.
        """
        self._digests[start : start + len(state["digests"])] = state["digests"].numpy()
        step = max(1, _CHUNK // self._array[:1].nbytes)
        for chunk in (needed[i : i + step] for i in range(0, len(needed), step)):
            if (_digests(self._array[chunk], self._keys) != self._digests[chunk]).any():
                what = (
                    "the file has other rows of the replay buffer than the checkpoint: more steps "
                    "came after it than the buffer holds, or the file was changed or left behind"
                )
                hint = (
                    "resume the newest checkpoint, with the files that lie beside it; or fork the "
                    "run with rl_config.save_buffer=false: that begins with an empty buffer"
                )
                raise RunError(what, where=str(self._path), hint=hint)


def _keys(size: int) -> np.ndarray:
    """Return an odd number for each 8 bytes of a row; always the same."""
    drawn = np.random.Generator(np.random.PCG64(0))
    return drawn.integers(2**64, size=-(-size // 8), dtype=np.uint64) | np.uint64(1)


def _digests(rows: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return a number for each row: the sum of its words by the keys, modulo 2 ** 64."""
    words = np.zeros((len(rows), len(keys)), dtype=np.uint64)
    flat = np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.uint8)
    words.view(np.uint8)[:, : flat.shape[1]] = flat
    sums: np.ndarray = (words * keys).sum(1, dtype=np.uint64).view(np.int64)
    return sums
