"""Say in words what a run took: time and memory."""

from collections.abc import Iterator, Mapping
from typing import Any

from stride.tables.words import duration

_SIZES = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def timings(values: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield title and text of what an ended run took, as results.json has it."""
    if values.get("train_seconds"):
        wall = f"; {duration(values['wall_seconds'])} in all" if "wall_seconds" in values else ""
        yield ["training", duration(values["train_seconds"]) + wall]
    if values.get("samples_per_second"):
        yield ["speed", f"{values['samples_per_second']:,.0f} samples/s"]
    if held := memory(values.get("memory"), values.get("device_memory")):
        yield ["memory", held]


def memory(process: int | None, device: int | None) -> str:
    """Return the most memory that process and device held, empty where it is not known."""
    parts = [] if process is None else [size(process)]
    parts += [] if device is None else [f"{size(device)} of the device"]
    return ", ".join(parts)


def size(count: int) -> str:
    """Return a number of bytes: "412 MB", "3.1 GB"."""
    for unit, one in _SIZES:
        if count >= one:
            return f"{count / one:.1f} {unit}" if count < 10 * one else f"{count / one:.0f} {unit}"
    return f"{count} B"
