"""Hold the plots of runs, as a notebook shows and a file keeps them."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import overload

from stride.errors import UserError
from stride.pages.notebook import notebook_output
from stride.pages.page import image
from stride.plots.plot import Plot
from stride.plots.words import description
from stride.runs.files.atomic import atomic_write
from stride.runs.files.output_file import output_file

_NO_NAME = re.compile(r"[^\w.-]+")


class RunPlots(Sequence[Plot]):
    """Hold plots, one for each metric; a notebook shows them.

    Attributes:
        runs: the folders of the runs of which a line tells, by its label.
    """

    def __init__(self, plots: Sequence[Plot], runs: Mapping[str, Sequence[Path]]) -> None:
        self._plots, self.runs = tuple(plots), runs

    def __len__(self) -> int:
        return len(self._plots)

    @overload
    def __getitem__(self, at: int) -> Plot: ...

    @overload
    def __getitem__(self, at: slice) -> "RunPlots": ...

    def __getitem__(self, at: int | slice) -> "Plot | RunPlots":
        return RunPlots(self._plots[at], self.runs) if isinstance(at, slice) else self._plots[at]

    def svg(self) -> str:
        """Return the one plot as SVG.

        Raises:
            UserError: there are several.
        """
        if len(self) > 1:
            shown = ", ".join(plot.name for plot in self)
            raise UserError(
                f"there are several plots: {shown}", hint="choose one: plots[0:1].svg()"
            )
        return _svg(self[0])

    def save(self, path: str | os.PathLike[str]) -> list[Path]:
        """Write the plots as files of the kind that a name says; return their paths.

        Args:
            path: of the file. A page, .html, holds all plots; of other files each plot has its own,
                with the name of its metric in that of the file.

        Raises:
            UserError: it is a folder, or lies in none.
            DataError: it is of another kind than plots can be.
            MissingExtra: it needs matplotlib, which is not installed.
            StrideError: it cannot be written.
        """
        from stride.plots.formats import PAGE, file_content, format_of  # a terminal needs it not

        target = output_file(path, "plot.svg")
        kind = format_of(target)
        files = [(target, self._plots)] if kind == PAGE else self._files(target)
        for file, plots in files:
            atomic_write(file, file_content(plots, kind))
        return [file for file, _ in files]

    def _files(self, target: Path) -> list[tuple[Path, tuple[Plot, ...]]]:
        """Return a file for each plot."""
        if len(self) == 1:
            return [(target, self._plots)]
        names = _apart(_NO_NAME.sub("-", plot.name) for plot in self)
        files = (target.with_name(f"{target.stem}-{name}{target.suffix}") for name in names)
        return [(file, (plot,)) for file, plot in zip(files, self, strict=True)]

    def __repr__(self) -> str:
        return f"RunPlots({', '.join(plot.name for plot in self)})"

    def _repr_html_(self) -> str:
        return notebook_output(map(_image, self))


def _apart(names: Iterable[str]) -> Sequence[str]:
    """Return names of which no two are equal, capitals aside, as some file systems have it."""
    taken: dict[str, str] = {}
    for name in names:
        more = (f"{name}-{at}" for at in count(1))
        free = next(one for one in chain([name], more) if one.casefold() not in taken)
        taken[free.casefold()] = free
    return [*taken.values()]


def _image(plot: Plot) -> str:
    """Return a plot as a picture: notebooks strip other SVG from outputs that are not trusted."""
    return image(_svg(plot).encode(), description(plot), "svg+xml")


def _svg(plot: Plot) -> str:
    from stride.plots.svg import svg  # a terminal needs it not

    return svg(plot)
