"""Read lengths of time as people type them: `90s`, `5m`, `1h30m`, `1.5h`, `7d`."""

import math
import re
from collections.abc import Mapping

from stride.errors import UserError

SECONDS: Mapping[str, float] = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
_PART = re.compile(rf"({_NUMBER})([wdhms])", re.ASCII)
_WHOLE = re.compile(rf"[+-]?(?:{_NUMBER}[wdhms])+", re.ASCII)


def seconds_of(text: str) -> float | None:
    """Return the seconds of a length of time, negative behind a `-`; None for any other text.

    Its units are weeks, days, hours, minutes and seconds, each once and the larger ones first.
    """
    parts = _PART.findall(text) if _WHOLE.fullmatch(text) else []
    units = "".join(unit for _, unit in parts)
    if not parts or units != "".join(unit for unit in SECONDS if unit in units):
        return None
    seconds = sum(float(number) * SECONDS[unit] for number, unit in parts)
    return -seconds if text.startswith("-") else seconds


def budget_seconds(given: str | float) -> float:
    """Return the seconds that a training is given.

    Raises:
        UserError: it is no length of time.
    """
    seconds = seconds_of(given) if isinstance(given, str) else given
    if not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        what = f"{given!r} is no time to train for"
        raise UserError(what, where="budget", hint="type 5m, 1h30m or 90s")
    return seconds
