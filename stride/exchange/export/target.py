"""What a tool needs to be given runs."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, final

from stride.errors import MissingExtra
from stride.exchange.export.source import Source

Begin = Callable[[Source], None]


class Target(ABC):
    """Write runs into a folder, in the form of one tool.

    Attributes:
        name: as it is typed after --to; that of the extra that installs the package, too.
        package: that has to be installed, the empty text for none.
        artifacts: whether it takes images, texts and histograms.
        marks: endings of the files that the tool itself leaves beside those written.
    """

    name: ClassVar[str]
    package: ClassVar[str] = ""
    artifacts: ClassVar[bool] = False
    marks: ClassVar[tuple[str, ...]] = ()

    @final
    def require(self) -> None:
        """Refuse to go on where the package is missing.

        Raises:
            MissingExtra: it is.
        """
        if self.package and find_spec(self.package) is None:
            raise MissingExtra(self.package, self.name, where=f"--to {self.name}")

    @abstractmethod
    def write(self, sources: Sequence[Source], folder: Path, begin: Begin) -> None:
        """Write runs into a folder that is empty.

        Args:
            sources: the runs.
            folder: which gets its name only when all is written.
            begin: is told each run before it is written.
        """

    @abstractmethod
    def look(self, folder: Path) -> str:
        """Return what to type, or to open, to look at what was written."""
