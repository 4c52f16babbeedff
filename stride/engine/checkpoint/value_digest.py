"""Take the digest of plain values: equal in every process for equal values."""

import hashlib
import io
import warnings
from collections.abc import Iterator
from types import CodeType, FunctionType, GeneratorType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data.dataloader import _BaseDataLoaderIter

from stride.engine.checkpoint.object_contents import CODE, VALUES
from stride.models.shards import local_shard

UNREADABLE = "unreadable"  # in place of a digest: an iterator that does not tell where it is
MOST_BYTES = 2**24  # of the numbers in one digest; of more, some that lie at equal distances
_FEW_BYTES = 2**12


class ValueDigest:
    """The digest of a value, to which its parts are added one after the other.

    Args:
        numbers: whether those in tensors and arrays count.

    Attributes:
        unreadable: whether there was something in it that nobody can read.
    """

    def __init__(self, *, numbers: bool = True) -> None:
        self._numbers = numbers
        self.unreadable = False
        self._hash = hashlib.blake2b(digest_size=16)
        self._left = MOST_BYTES

    def text(self) -> str:
        """Return the digest of what was added."""
        return UNREADABLE if self.unreadable else self._hash.hexdigest()

    def add(self, text: str) -> None:
        """Add a text."""
        self._hash.update(text.encode(errors="surrogatepass"))

    def add_code(self, thing: Any) -> None:
        """Add which function or class it is; of anything else nothing."""
        if isinstance(thing, CODE):
            self.add(thing.__qualname__)
        if isinstance(thing, FunctionType):
            self._add_instructions(thing.__code__)

    def _add_instructions(self, code: CodeType) -> None:
        self._hash.update(code.co_code)
        self.add(repr(code.co_names))
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._add_instructions(constant)
            elif isinstance(constant, VALUES):
                self.add(repr(constant))

    def add_numbers(self, value: Tensor | np.ndarray[Any, Any]) -> None:
        """Add the numbers of a tensor or array, its type and shape."""
        if not self._numbers:
            return
        self.add(f"{value.dtype}{tuple(value.shape)}")
        if isinstance(value, np.ndarray):
            if not value.dtype.hasobject:
                flat = value.reshape(-1)[:: self._distance(value.nbytes)]
                self._hash.update(np.ascontiguousarray(flat).tobytes())
            return
        rows = local_shard(value).detach()
        if rows.layout != torch.strided or rows.is_meta:
            return
        distance = self._distance(rows.nbytes)
        if distance > 1 and not value.is_inference():
            self.add(str(value._version))  # which tells of writes between what is looked at
        some = rows.reshape(-1)[::distance].cpu().resolve_conj().resolve_neg()
        self._hash.update(some.contiguous().view(torch.uint8).numpy().data)

    def _distance(self, size: int) -> int:
        """Return the distance of the numbers to look at, and count them."""
        distance = size // max(self._left, _FEW_BYTES) + 1
        self._left -= size // distance
        return distance


def inside_iterator(iterator: Iterator[Any]) -> tuple[Any, ...] | None:
    """Return what tells where a library's iterator is, None where that is unknown.

    It is not moved by that. A generator tells by its place in the code and its variables.
    """
    if isinstance(iterator, GeneratorType):
        frame = iterator.gi_frame
        return ("over",) if frame is None else (frame.f_lasti, dict(frame.f_locals))
    if isinstance(iterator, _BaseDataLoaderIter):
        return (iterator._num_yielded,)
    if isinstance(iterator, io.IOBase):
        return _place_in_file(iterator)
    if type(iterator).__reduce__ is object.__reduce__:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # itertools is to forget it
            reduced = iterator.__reduce__()
    except Exception:  # it has its reasons
        return None
    return reduced if isinstance(reduced, tuple) else None


def _place_in_file(file: io.IOBase) -> tuple[int, ...] | None:
    try:
        return (file.tell(),) if file.readable() else ()
    except (OSError, ValueError):  # while its lines are read, or closed
        return () if file.closed else None
