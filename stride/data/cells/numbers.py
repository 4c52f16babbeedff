"""Read numbers in text, strictly: digits, one decimal sign, an exponent, and nothing else."""

from typing import Literal

import numpy as np

from stride.data.labels import Array

Decimal = Literal[".", ","]
DECIMALS: dict[Decimal, Decimal] = {".": ",", ",": "."}  # each sign, and the other one
TRUTHS = (("False", "True"), ("false", "true"), ("FALSE", "TRUE"))
_PLAIN = frozenset("0123456789+-eE")


def parse_numbers(cells: Array, decimal: Decimal) -> Array | None:
    """Return texts as float64, or None where one of them is not a number.

    What Python would also take is none: `1_000`, `nan`, `inf`, digits of other scripts.
    """
    if set("".join(cells.tolist())) - _PLAIN - {decimal}:
        return None
    try:
        return (cells if decimal == "." else np.char.replace(cells, ",", ".")).astype(np.float64)
    except ValueError:
        return None


def parse_truths(cells: Array) -> Array | None:
    """Return the words of programs for false and true as 0 and 1, or None where one is another."""
    for false, true in TRUTHS:
        is_true = cells == true
        if (is_true | (cells == false)).all():
            return np.asarray(is_true, dtype=np.float64)
    return None


def is_number(cell: str, decimal: Decimal) -> bool:
    """Tell whether a text is a number."""
    return parse_numbers(np.array([cell]), decimal) is not None


def looks_like_number(cell: str) -> bool:
    """Tell whether a text has digits and no letter, as `1.234,5`, `12 %` or a date."""
    return any(sign.isdigit() for sign in cell) and not any(sign.isalpha() for sign in cell)
