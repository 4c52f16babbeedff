"""How the cells of a table are parsed, and what to type where one is not."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from stride.data.cells.numbers import DECIMALS, Decimal, is_number, looks_like_number

MARKERS = frozenset(
    ["NA", "N/A", "n/a", "na", "<NA>", "#N/A", "NaN", "nan", "NULL", "Null", "null", "None"]
).union("?", "-", ".", ["--", "#DIV/0!", "#VALUE!", "#REF!"])
"""What programs write for a missing value; never a class or category unless the user says so."""


@dataclass(frozen=True)
class ReadOptions:
    """Options of parsing cells, by the keys that the user gave.

    Attributes:
        decimal: the decimal sign of numbers in text.
        missing: what stands for a missing value, beside an empty cell; None: nothing may miss.
        text_features: how text becomes numbers; None: it is refused among the features.
        categories: the values of columns that are classes or categories, in their order.
    """

    decimal: Decimal = "."
    missing: Sequence[str] | None = None
    text_features: Literal["one_hot", "codes"] | None = None
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def advice(self, cell: str, otherwise: str, *, among_numbers: bool) -> str:
        """Return what to type where a cell is not a number though it should be one."""
        other = DECIMALS[self.decimal]
        if is_number(cell, other):
            return (
                f"type dataset_kwargs.decimal={other} if that is the decimal sign (thousands "
                f"separators are not read); {otherwise}"
            )
        if looks_like_number(cell):
            return f"write numbers without separators and units; {otherwise}"
        if among_numbers or cell in MARKERS:
            return (
                f"type {self.drop_override(cell)} to leave out rows with such a cell; {otherwise}"
            )
        return otherwise

    def drop_override(self, cell: str) -> str:
        """Return the override under which rows with such a cell are left out."""
        markers = [*(self.missing or ()), cell]
        plain = len(markers) == 1 and cell not in ("", "null") and cell[0] not in '[{"'
        return f"dataset_kwargs.missing={cell if plain else json.dumps(markers)}"
