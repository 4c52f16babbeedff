"""Find the arrays in NPY, NPZ and safetensors files without reading or unpickling them."""

import math
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from stride.data.array_dataset import MappedColumn
from stride.data.files.locate import locate
from stride.data.labels import Array, to_tensor
from stride.errors import DataError, RunError
from stride.runs.files.safetensors_header import read_header

SAFETENSORS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4",
    "I16": "<i2", "I8": "|i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip


@dataclass(frozen=True)
class StoredArray:
    """An array in its file: its dtype, shape and byte offset.

    Attributes:
        path: the file.
        name: its name in the file.
        stored_dtype: the type of its numbers.
        shape: its shape.
        offset: byte at which it begins; None: compressed, so it cannot be mapped.
        order: "C" or "F", as in NumPy.
        view: torch.bfloat16 where the stored bits are that, which NumPy does not know.
    """

    path: Path
    name: str
    stored_dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int | None
    order: str = "C"
    view: torch.dtype | None = None

    @property
    def where(self) -> str:
        """Return the file and the name, for messages."""
        return f"{self.path}, array {self.name!r}"

    @property
    def kind(self) -> np.dtype[Any]:
        """Return the dtype that its numbers count as."""
        return self.stored_dtype if self.view is None else np.dtype(np.float32)

    @property
    def nbytes(self) -> int:
        """Return the bytes of its numbers."""
        return math.prod(self.shape) * self.stored_dtype.itemsize

    def read(self) -> Array:
        """Read the whole array."""
        if self.offset is not None:
            order: Any = self.order
            return np.memmap(self.path, self.stored_dtype, "r", self.offset, self.shape, order)
        with np.load(self.path, allow_pickle=False) as file:
            array: Array = file[self.name]
            return array

    def tensor(self, dtype: torch.dtype) -> Tensor:
        """Read the whole array as a tensor of the type."""
        if self.view is None:
            return to_tensor(self.read(), dtype, self.where)
        return torch.from_numpy(np.array(self.read())).view(self.view).to(dtype)

    def column(self, dtype: torch.dtype) -> MappedColumn:
        """Map the array as a column whose rows have the type.

        Raises:
            DataError: it is compressed.
        """
        if self.offset is None:
            raise DataError(
                "a compressed array cannot be memory-mapped",
                where=self.where,
                hint="store it by numpy.savez, or as NPY or safetensors",
            )
        path = self.path.absolute()  # it is opened later, and in other processes
        return MappedColumn(
            path, self.stored_dtype, self.shape, self.offset, self.order, dtype, self.view
        )


def open_arrays(path: str) -> dict[str, StoredArray]:
    """List the arrays of a file, or of a folder of NPY files, by name.

    Raises:
        DataError: nothing there, an unknown ending, a damaged file, pickled arrays.
    """
    place = locate(path, "path")
    if place.is_dir():
        return {file.stem: _npy(file) for file in sorted(place.glob("*.npy"))}
    readers = {".npz": _npz, ".safetensors": _safetensors}
    kind = place.suffix.lower()
    if kind == ".npy":
        return {place.stem: _npy(place)}
    if kind not in readers:
        raise DataError(
            f"arrays are in a .npz, .safetensors or .npy file, not in {place.name!r}",
            where="dataset_kwargs.path",
            hint="CSV and Parquet files are read by dataset_name=table",
        )
    try:
        return readers[kind](place)
    except (RunError, ValueError, KeyError, OSError, struct.error, zipfile.BadZipFile) as error:
        raise DataError(f"not a {kind} file: {error}", where=str(place)) from None


def _npy(path: Path) -> StoredArray:
    try:
        with path.open("rb") as file:
            return _npy_header(file, path, path.stem, 0)
    except (ValueError, OSError) as error:
        raise DataError(f"not a .npy file: {error}", where=str(path)) from None


def _npy_header(file: IO[bytes], path: Path, name: str, start: int | None) -> StoredArray:
    """Read the header at the file's place; `start` is that place in the file on disk."""
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0}
    shape, fortran, stored = read.get(version, np.lib.format.read_array_header_2_0)(file)
    if stored.hasobject:
        raise pickled_error(name, path)
    offset = None if start is None else start + file.tell()
    return StoredArray(path, name, stored, shape, offset, "F" if fortran else "C")


def require_one_length(lengths: Mapping[str, int], kind: str, path: str | Path) -> None:
    """Refuse arrays or columns of a file that are empty or differ in length.

    Raises:
        DataError: lists their lengths.
    """
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        hint = "the first dimension of each counts the samples"
        raise DataError(f"the {kind} differ in length: {listed}", where=str(path), hint=hint)
    if not any(lengths.values()):
        raise DataError(f"the {kind} hold no samples", where=str(path))


def pickled_error(name: str, path: Path) -> DataError:
    """Return the error for an array that is stored as a pickle."""
    what = f"the array {name!r} is pickled, and pickles are never read"
    return DataError(what, where=str(path), hint="store numbers or text of a fixed width")


def _npz(path: Path) -> dict[str, StoredArray]:
    arrays = {}
    with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            plain = member.compress_type == zipfile.ZIP_STORED
            start = _member_start(raw, member) if plain else None
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as file:
                arrays[name] = _npy_header(file, path, name, start)
    return arrays


def _member_start(raw: IO[bytes], member: zipfile.ZipInfo) -> int:
    """Return the byte at which a stored member's content begins, after its local header."""
    raw.seek(member.header_offset + 26)
    name_length, extra_length = struct.unpack("<HH", raw.read(4))
    return member.header_offset + 30 + int(name_length) + int(extra_length)


def _safetensors(path: Path) -> dict[str, StoredArray]:
    with path.open("rb") as file:
        tensors = read_header(file).tensors
    arrays = {}
    for name, tensor in tensors.items():
        if tensor.dtype not in SAFETENSORS:
            raise ValueError(f"the tensor {name!r} has the type {tensor.dtype}, not one of data")
        stored = np.dtype(SAFETENSORS[tensor.dtype])
        view = torch.bfloat16 if tensor.dtype == "BF16" else None
        arrays[name] = StoredArray(path, name, stored, tensor.shape, tensor.begin, "C", view)
    return arrays
