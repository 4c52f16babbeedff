"""Let a config name the data blocks of a benchmark; arrays are kept as one file of the work_dir."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, final

from safetensors.numpy import save  # that of tensors refuses a block given for two splits

from stride.benchmark.data_block import DataBlock
from stride.data.series.series_arrays import INPUTS
from stride.errors import DataError
from stride.runs.files.atomic import atomic_write
from stride.runs.files.durable import make_folder, os_errors_as
from stride.runs.layout import WorkDirPaths
from stride.runs.run_folder import is_run_folder

_DIGITS = 16  # of a SHA-256, by which a file is called


@final
class StoredBlocks:
    """Say how a config names data blocks: as the set that they are the splits of, or as a file.

    The file has its name from its content, so that the same data is written once.

    Args:
        blocks: by split: train, val, test.

    Raises:
        DataError: what is no block, or series of blocks that differ in channels or points.
    """

    def __init__(self, blocks: Mapping[str, DataBlock]) -> None:
        for split, one in blocks.items():
            if not isinstance(one, DataBlock):
                what = f"{split} is of the type {type(one).__name__}, not a DataBlock"
                raise DataError(what, where="data sets", hint="give DataBlock(series)")
        self._blocks = blocks
        shapes = dict.fromkeys(tuple(one.inputs.shape[1:]) for one in blocks.values())
        if len(shapes) > 1:
            what = f"the blocks have series of the shapes {' and '.join(map(str, shapes))}"
            raise DataError(what, where="data sets", hint="cut or resample them alike")

    @property
    def section(self) -> dict[str, Any]:
        """Return the section `dataset_kwargs` that gives the blocks again."""
        if self._set:
            return self._set
        in_work_dir = self._file(WorkDirPaths(Path()))
        return {"dataset_name": "series_arrays", "path": str(in_work_dir)}

    def write(self, work_dir: Path) -> None:
        """Write the file of the arrays into a work_dir, unless it is there or none is needed.

        Raises:
            DataError: a run of that work_dir is called as the folder of the file is to be.
            StrideError: it cannot be written.
        """
        paths = WorkDirPaths(work_dir)
        file = self._file(paths)
        if self._set or file.exists():
            return
        if is_run_folder(paths.data):
            what = f"a run is called {paths.data.name}, as the folder of the data is to be"
            raise DataError(what, where=str(work_dir), hint="choose another work_dir")
        with os_errors_as("cannot write", file):
            make_folder(file.parent)
        atomic_write(file, self._content)

    @property
    def _set(self) -> dict[str, Any]:
        """Return the section of the set whose splits all blocks are; empty where they are not."""
        section = next(iter(self._blocks.values())).section
        splits = [one.section == section and one.split == at for at, one in self._blocks.items()]
        return section if all(splits) else {}

    @cached_property
    def _content(self) -> bytes:
        named = {
            f"{split}/{name}": array.contiguous().numpy()
            for split, block in self._blocks.items()
            for name, array in {INPUTS: block.inputs, **block.annotations}.items()
        }
        return save(named)

    def _file(self, paths: WorkDirPaths) -> Path:
        return paths.data_file(hashlib.sha256(self._content).hexdigest()[:_DIGITS])
