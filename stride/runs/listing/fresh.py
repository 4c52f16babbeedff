"""Collect what a listing has read that its index does not know."""

from collections.abc import Mapping

from stride.runs.listing.configs import Sections
from stride.runs.listing.status_json import Signature
from stride.runs.listing.stored import StoredRow


class Fresh:
    """Collect what a listing has read that the index does not know.

    Attributes:
        seen: name -> signature of status.json and time of creation.
        rows: name -> row of an ended run.
        configs: name -> signature of config.json and its sections.
        pieces: digest -> content.
    """

    def __init__(self) -> None:
        self.seen: dict[str, tuple[Signature, float]] = {}
        self.rows: dict[str, StoredRow] = {}
        self.configs: dict[str, tuple[Signature, Sections]] = {}
        self.pieces: Mapping[int, bytes] = {}

    def __bool__(self) -> bool:
        return bool(self.seen or self.rows or self.configs)
