"""Hold what thousands of runs have in common once: sections of configs, names of metrics."""

from collections.abc import Callable, Iterable
from typing import Any

from stride.config.nonfinite import decode_numbers
from stride.config.values import flatten
from stride.runs.files.encoding import json_bytes, load_json


class Pieces:
    """Know pieces of JSON by a digest of theirs, each parsed once and only if it is asked for.

    Args:
        find: gives the content of a piece by its digest, None where it is not known.
        known: pieces that will be asked for.
    """

    def __init__(
        self,
        find: Callable[[int], bytes | None] = lambda piece: None,
        known: Iterable[tuple[int, bytes]] = (),
    ) -> None:
        self._find = find
        self._contents = dict(known)
        self._ids: dict[bytes, int] = {}
        self._of: dict[tuple[Any, ...], int] = {}
        self._values: dict[int, Any] = {}
        self._flat: dict[int, dict[str, Any]] = {}
        self.fresh: dict[int, bytes] = {}

    def add(self, content: bytes) -> int:
        """Return the digest of a piece, which is known from now on."""
        known = self._ids.get(content)
        if known is None:
            known = self._ids[content] = _digest(content)
            if self._contents.get(known) != content:
                self._contents[known] = self.fresh[known] = content
        return known

    def of(self, value: tuple[Any, ...]) -> int:
        """Return the digest of the piece that is a value, as `add` does."""
        known = self._of.get(value)
        if known is None:
            known = self._of[value] = self.add(json_bytes(value))
        return known

    def has(self, content: bytes) -> bool:
        """Tell whether a piece of this content was added before."""
        return content in self._ids

    def value(self, piece: int) -> Any:
        """Return the value of a piece.

        Raises:
            LookupError: it is not known, or damaged.
        """
        if piece not in self._values:
            self._values[piece] = load_json(self._content(piece))
        return self._values[piece]

    def section(self, piece: int) -> dict[str, Any]:
        """Return the flat keys and values of a section of a config: `"seed": 0`.

        Raises:
            LookupError: as `value`.
        """
        if piece not in self._flat:
            values = load_json(b"{" + self._content(piece) + b"}")
            self._flat[piece] = dict(flatten(decode_numbers(values)))
        return self._flat[piece]

    def _content(self, piece: int) -> bytes:
        content = self._contents.get(piece) or self._find(piece)
        if content is None or _digest(content) != piece:
            raise LookupError(piece)
        self._contents[piece] = content
        return content


def _digest(content: bytes) -> int:
    from hashlib import blake2b  # a listing without a query needs none

    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)
