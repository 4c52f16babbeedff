"""Save a plot as a file, of the kind that its name says."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from stride.errors import DataError, StrideError
from stride.plots.plot import Plot
from stride.plots.svg import svg
from stride.visible import quoted


def _svg(plot: Plot) -> bytes:
    return svg(plot).encode()


_KINDS: Mapping[str, Callable[[Plot], bytes]] = {".svg": _svg}


def save_plot(plot: Plot, path: str | os.PathLike[str]) -> Path:
    """Write a plot as .svg; return the path of the file.

    Readers see the file that was there before, or the whole new one.

    Args:
        plot: what to draw.
        path: of the file, whose end says its kind.

    Raises:
        DataError: it is of another kind.
        StrideError: it cannot be written.
    """
    target = Path(path)
    draw = _KINDS.get(target.suffix.lower())
    if draw is None:
        raise DataError(
            f"a plot is a {', '.join(_KINDS)} file, not {target.name!r}",
            where=str(path),
            hint=f"type {quoted(target.with_suffix('.svg'))}",
        )
    content = draw(plot)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StrideError(f"cannot write: {error.strerror}", where=str(path)) from error
    return target
