"""Where the recorded runs lie, and how one is imported in a test."""

import math
import struct
from pathlib import Path
from typing import Any

from stride.exchange.imports.find import find_places
from stride.exchange.imports.import_run import Imported, import_run
from stride.runs.work_dir import WorkDir

RECORDED = Path(__file__).parent / "recorded"
NUMBERS = [0.1, -0.0, math.nan, math.inf, -math.inf, 1e-45, 16777217.0, 3.4028234663852886e38]
"""As record_fixtures.py has them."""


def imported(source: Path, work_dir: Path, **options: Any) -> Imported:
    """Import the one run that is at a place."""
    (place,) = find_places(source)
    return import_run(place, WorkDir(work_dir), **options)


def bits(number: float) -> bytes:
    """Return the bits of a number: -0.0 is not 0.0, and NaN is NaN."""
    return struct.pack("<d", number)


def as_single(number: float) -> float:
    """Return the number of 32 bits that is the nearest."""
    return float(struct.unpack("<f", struct.pack("<f", number))[0])
