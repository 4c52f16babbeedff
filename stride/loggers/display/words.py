"""Say how a training stands: progress, metrics, speed and the time left."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from stride.config.metrics import RESERVED
from stride.loggers.base import Row
from stride.tables.text import width_of
from stride.visible import visible

_SHORT = {  # replaced in this order: a prefix comes after the names that begin with it
    "train/epoch_": "train ",
    "train/": "recent ",  # since the last report
    "validation/": "val ",
    "test/": "test ",
    "epoch_": "",
}

_TWO_BLANKS = re.compile(r"(?<=\S)  (?=\S)")

ENV_STEPS = "env_steps"
"""Of environments, over all of them: shown as progress beside the steps, which are updates."""

_FIRST = ("rollout/", "validation/return", "validation/length", "validation/success")
"""What episodes gave comes before what the updates did."""


def progress(row: Row, total_steps: int | None, total_epochs: int | None) -> str:
    """Return how far a training has come: "epoch 2/5  step 40/100"."""
    epoch = f"epoch {row.get('epoch', 0)}{of(total_epochs)}"
    return f"{epoch}  step {row.get('step', 0)}{of(total_steps)}"


def speed(row: Row, total_steps: int | None, steps_per_second: float) -> str:
    """Return how fast a training is, and the time left where it is known."""
    left = time_left(row, total_steps, steps_per_second)
    steps = f"{rate(steps_per_second)} steps/s"
    return f"{steps}  {left} left" if left else steps


def format_metrics(row: Row) -> list[str]:
    """Return a row's metrics as short texts: "val loss 0.123"."""
    return [f"{display_name(name)} {_number(value)}" for name, value in metrics_of(row).items()]


def metrics_of(row: Row) -> dict[str, Any]:
    """Return the metrics of a row in the order in which they are shown."""
    shown = [name for name in row if name not in RESERVED and name != ENV_STEPS]
    shown.sort(key=lambda name: not name.startswith(_FIRST))
    return {name: row[name] for name in shown}


def acted(row: Row, steps_per_second: float) -> list[str]:
    """Return the steps of environments, and their speed, where there are some."""
    if ENV_STEPS not in row:
        return []
    steps = [f"env step {row[ENV_STEPS]:.0f}"]
    if row.get("step"):
        per_second = steps_per_second * row[ENV_STEPS] / row["step"]
        steps.append(f"{rate(per_second)} env steps/s")
    return steps


def rate(per_second: float) -> str:
    """Return how many there are in a second, with three digits at least: "0.512", "1024"."""
    return f"{per_second:.3g}" if per_second < 999.5 else f"{per_second:.0f}"


def filled(parts: Iterable[str], width: int) -> str:
    """Return parts in lines of at most that width; a line ends between two of them."""
    lines: list[str] = []
    for part in parts:
        if lines and width_of(lines[-1]) + 2 + width_of(part) <= width:
            lines[-1] += f"  {part}"
        else:
            lines.append(part)
    return "\n".join(lines)


def in_parts(line: str, width: int) -> str:
    """Return a line that is too wide as lines that end where there are two blanks, if there are."""
    return line if width_of(line) <= width else filled(_TWO_BLANKS.split(line), width)


@lru_cache(maxsize=1024)
def display_name(name: str) -> str:
    """Return a metric's name as the display shows it: "val loss"."""
    for long, brief in _SHORT.items():
        name = name.replace(long, brief)
    return visible(name)


def time_left(row: Row, total_steps: int | None, steps_per_second: float) -> str:
    """Return the time left as "1:02:03" or "2:03", or nothing where it is not known."""
    if total_steps is None or steps_per_second <= 0:
        return ""
    return clock(max(total_steps - row.get("step", 0), 0) / steps_per_second)


def clock(seconds: float) -> str:
    """Return a length of time as "1:02:03" or "2:03"."""
    seconds = round(seconds)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def of(total: int | None) -> str:
    """Return what follows a count: "/100", or nothing where the whole is not known."""
    return "" if total is None else f"/{total}"


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else visible(str(value))
