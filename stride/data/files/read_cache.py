"""Read data files once in a process, for all trainings that use them unchanged."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from stride.components import construct, parameters
from stride.components.imports import load
from stride.config.names.built_in import BUILT_IN
from stride.data.array_dataset import ArrayDataset
from stride.data.files.locate import available_memory
from stride.data.fingerprint import fingerprint
from stride.data.samples import Source
from stride.log import LOGGER

SHARE = 16  # one part in so many of the free memory may be held
SETTLED_SECONDS = 2.0  # what was just written may be written again with no newer time


FINDERS = {
    "stride.data.digits:digits": "stride.data.digits:digits_file",
    "stride.data.series.ucr:ucr": "stride.data.series.ucr:ucr_files",
    "stride.data.series.ucr:ecg5000": "stride.data.series.ucr:ecg5000_files",
    "stride.data.series.tsb_ad:kdd_tsad_135": "stride.data.series.tsb_ad:kdd_tsad_135_file",
    "stride.data.series.smd:smd": "stride.data.series.smd:smd_files",
}
"""dataset -> what returns its files from those of its arguments that it names; else `path`."""


class FileFacts(NamedTuple):
    """What the file system says of a file, of which something changes with the content."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> "FileFacts":
        """Ask the file system."""
        found = os.stat(path)
        times = found.st_mtime_ns, found.st_ctime_ns
        return cls(found.st_dev, found.st_ino, found.st_size, *times)

    @property
    def settled(self) -> bool:
        """Tell whether the next write is sure to change a time."""
        return time.time_ns() - self.modified_ns > SETTLED_SECONDS * 1e9


class ReadCache:
    """Hold what was read from files; the least recently used is dropped first.

    All trainings that read the same files in the same way share a dataset, so nobody writes into
    its columns: `own` copies them for those whose steps might.

    Args:
        limit: gives the bytes that may be held; asked when a dataset is added.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        # In the order of use. What is used is taken out and put back: of two threads one reads.
        self._held: dict[str, tuple[list[FileFacts], ArrayDataset]] = {}
        self._fingerprints: WeakKeyDictionary[Source, str] = WeakKeyDictionary()  # of all shared

    def read(
        self, name: str, files: Sequence[Path], read: Callable[[], ArrayDataset | None]
    ) -> ArrayDataset | None:
        """Return the dataset of a name, read again where a file has changed; None: an empty split.

        What the log was told when it was read, it is told each time.
        """
        try:
            facts = [FileFacts.of(file) for file in files]
        except (OSError, ValueError):  # which the reading explains
            return read()
        before, dataset = self._held.pop(name, ([], None))
        if dataset is None or before != facts:
            return self._add(name, facts, read())
        for note in dataset.notes:
            LOGGER.info("%s", note)
        self._held[name] = facts, dataset
        return dataset

    def _add(
        self, name: str, facts: list[FileFacts], dataset: ArrayDataset | None
    ) -> ArrayDataset | None:
        if dataset is None:
            return None
        limit, settled = self._limit(), all(one.settled for one in facts)
        if settled and dataset.in_memory and dataset.nbytes <= limit:
            self._fingerprints[dataset] = ""
            self._held[name] = facts, dataset
            while sum(one.nbytes for _, one in [*self._held.values()]) > limit:
                self._held.pop(next(iter([*self._held])))
        return dataset

    def own(self, source: Source) -> Source:
        """Return a dataset whose columns are not shared: the given one, or a copy."""
        if isinstance(source, ArrayDataset) and source in self._fingerprints:
            return source.copy()
        return source

    def fingerprint(self, parts: Mapping[str, Source]) -> str:
        """Return the digest of the parts; that of a shared dataset alone is taken once."""
        if [*parts] != [""] or parts[""] not in self._fingerprints:
            return fingerprint(parts)
        digest = self._fingerprints[parts[""]] or fingerprint(parts)
        self._fingerprints[parts[""]] = digest
        return digest

    def clear(self) -> None:
        """Forget all that is held."""
        self._held.clear()


CACHE = ReadCache(lambda: available_memory() // SHARE)


def read_files(constructor: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Construct a dataset; what a built-in one reads from files in memory may be shared."""
    read = partial(construct, constructor, section="dataset_kwargs", **arguments)
    path = f"{getattr(constructor, '__module__', '')}:{getattr(constructor, '__qualname__', '')}"
    if path not in BUILT_IN["dataset"].values():  # one of a user's may hold a state
        return read()
    return CACHE.read(json.dumps([path, arguments]), _files(path, arguments), read)


def _files(constructor: str, arguments: Mapping[str, Any]) -> list[Path]:
    """Return the files that a built-in dataset is read from; none where it is generated."""
    if constructor in FINDERS:
        find = load(FINDERS[constructor], own=False)
        found = find(**{key: arguments.get(key) for key in parameters(find).named})
        return [found] if isinstance(found, Path) else [*found]
    if "path" not in arguments:
        return []
    place = Path(arguments["path"]).expanduser()
    return sorted(place.glob("*.npy")) if place.is_dir() else [place]
