"""Read the config of a run as sections, most of which thousands of runs have in common."""

import os
from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from pathlib import Path
from typing import Any, NamedTuple

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.files.durable import os_errors_as
from stride.runs.files.encoding import json_bytes, load_json
from stride.runs.layout import FORMAT_VERSION, RunPaths
from stride.runs.listing.pieces import Pieces
from stride.runs.listing.status_json import Signature, read_signed

_START, _BETWEEN, _END = b'{\n  "', b',\n  "', b"\n}\n"  # as STRIDE writes a record
_NAME = RunPaths(Path()).config.name


_RUN = b'"run": "'
_VERSION = "format_version"
SHARED = 2_000  # configs whose values are in memory at a time; runs of a kind follow each other


class Sections(NamedTuple):
    """Hold a config as what it has in common with others, and the name of the run.

    Attributes:
        run: the value of `run`, the one that every run has for itself; None if it has none.
        pieces: the other sections.
    """

    run: str | None
    pieces: tuple[int, ...]


class SharedConfig(Mapping[str, Any]):
    """A config that many runs have, with the name of one of them.

    A key is looked up where it stands; whatever needs them all gets a dict, made for that moment.

    Args:
        run: the name.
        shared: all else, by dotted key.
    """

    __slots__ = ("_run", "_shared")

    def __init__(self, run: str, shared: Mapping[str, Any]) -> None:
        self._run, self._shared = run, shared

    def __getitem__(self, key: str) -> Any:
        return self._run if key == "run" else self._shared[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def items(self) -> ItemsView[str, Any]:
        """Return all keys with their values."""
        return self._whole().items()

    def values(self) -> ValuesView[Any]:
        """Return all values, in the order of the keys."""
        return self._whole().values()

    def _whole(self) -> dict[str, Any]:
        return {**self._shared, "run": self._run}


class Configs:
    """Give configs by dotted key; runs that differ in nothing but their name share the values.

    Args:
        pieces: of all configs.
    """

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._values: dict[tuple[int, ...], dict[str, Any]] = {}

    def values(self, sections: Sections) -> Mapping[str, Any]:
        """Return a config by dotted key.

        Raises:
            LookupError: a section is not known.
        """
        shared = self._values.get(sections.pieces)
        if shared is None:
            if len(self._values) >= SHARED:
                self._values.clear()
            flat = map(self._pieces.section, sections.pieces)
            shared = {key: value for section in flat for key, value in section.items()}
            shared.pop(_VERSION, None)
            self._values[sections.pieces] = shared
        return shared if sections.run is None else SharedConfig(sections.run, shared)


def read_config(folder: str, pieces: Pieces) -> tuple[Signature | None, Sections]:
    """Return the signature of a run's config.json and its sections.

    Args:
        folder: the run folder.
        pieces: to which the sections are added.

    Raises:
        RunError: it is missing (the cause is then a FileNotFoundError), broken, or of a newer
            STRIDE.
    """
    path = config_path(folder)
    try:
        content, signature = read_signed(path)
    except OSError:
        with os_errors_as("cannot read", Path(path), RunError):
            raise
    found = _split(content)
    if found is not None and all(pieces.has(piece) or _is_section(piece) for piece in found[1]):
        return signature, Sections(found[0], tuple(map(pieces.add, found[1])))
    record = read_record(Path(path), unversioned=1)  # the first runs had no format_version there
    parts = [json_bytes({name: value})[1:-2] for name, value in record.items()]
    return None, Sections(None, tuple(map(pieces.add, parts)))


def config_of(folder: Path) -> Mapping[str, Any]:
    """Return the config of one run by dotted key.

    Raises:
        RunError: as `read_config`.
    """
    pieces = Pieces()
    return Configs(pieces).values(read_config(str(folder), pieces)[1])


def config_path(folder: str) -> str:
    """Return the path of config.json in a run folder."""
    return f"{folder}{os.sep}{_NAME}"


def _split(content: bytes) -> tuple[str | None, list[bytes]] | None:
    """Return the run's name and the sections of a config as STRIDE writes it, None of any other.

    In JSON a line break is never part of a text, and what is deeper has more blanks before it.
    """
    if not (content.startswith(_START) and content.endswith(_END)):
        return None
    first, *others = content[len(_START) - 1 : -len(_END)].split(_BETWEEN)
    sections = [first, *(b'"' + part for part in others)]
    if len({section.partition(b":")[0] for section in sections}) < len(sections):
        return None
    own = [section for section in sections if section.startswith(_RUN)]
    name = own[0][len(_RUN) : -1] if own else b""
    if not name.isalnum():  # whatever else it is, is read as JSON
        return None, sections
    return name.decode(), [section for section in sections if section is not own[0]]


def _is_section(piece: bytes) -> bool:
    """Tell whether a piece is the JSON of one section, of a version that is known."""
    try:
        value = load_json(b"{" + piece + b"}")
    except ValueError:
        return False
    if not isinstance(value, dict) or len(value) != 1:
        return False
    version = value.get(_VERSION, 1)
    return type(version) is int and 1 <= version <= FORMAT_VERSION
