"""Read arrays from the files of tensors of a run, and only those that are asked for."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from stride.errors import BrokenRecord
from stride.runs.files.safe_open import require_own
from stride.visible import quoted

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class Tensors:
    """Give the arrays of a file by name; of a file that is not there, none.

    Attributes:
        path: the file.
    """

    path: Path

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the names of what is there.

        Raises:
            RunError: the file is broken.
        """
        names = [] if self._file is None else self._file.keys()
        return frozenset(names)

    def array(self, name: str) -> Array:
        """Return an array.

        Raises:
            RunError: the file is broken, or holds none of that name.
        """
        return self._read(name, slice(None))

    def sample(self, name: str, number: int) -> Array:
        """Return one sample of an array, without reading the others.

        Raises:
            RunError: likewise, or none of that number.
        """
        one: Array = self._read(name, slice(number, number + 1))[0]
        return one

    @cached_property
    def _file(self) -> Any:
        if not self.path.exists():
            return None
        require_own(self.path)
        try:
            return safe_open(self.path, framework="numpy")
        except (SafetensorError, OSError) as cause:
            raise self._broken(str(cause)) from cause

    def _read(self, name: str, where: slice) -> Array:
        if name not in self.names:
            raise self._broken(f"it holds no {name!r}")
        try:
            read: Array = np.asarray(self._file.get_slice(name)[where])
        except (SafetensorError, TypeError, ValueError) as cause:  # TypeError: bfloat16
            raise self._broken(f"{name!r}: {cause}") from cause
        if not len(read):
            raise self._broken(f"{name!r} is empty, or too short")
        return read

    def _broken(self, why: str) -> BrokenRecord:
        run = self.path.parent.parent if self.path.parent.name == "milestones" else self.path.parent
        hint = f"type: stride verify {quoted(run)}"
        return BrokenRecord(f"{self.path.name} is broken: {why}", where=str(self.path), hint=hint)
