"""Name the files of an overview."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class OverviewPaths:
    """Give the path of each file of the overview of a run, or of a work_dir.

    Attributes:
        folder: of the pictures.
        page: that holds all of them.
    """

    folder: Path
    page: Path

    def picture(self, name: str, kind: str) -> Path:
        """Return a picture as a file of a kind, png or pdf."""
        return self.folder / f"{name}.{kind}"
