"""Write a video, picture by picture."""

import os
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, final

import numpy as np

from stride.errors import MissingExtra, UserError

KIND = ".mp4"
"""What is written as it comes; a GIF would be kept in memory until its end."""


@final
class VideoFile(AbstractContextManager["VideoFile"]):
    """A video that appears as a whole at the end of the block, and not at all after an error.

    Args:
        path: `.mp4`; a file that is there is replaced.
        frames_per_second: how fast it is shown.

    Raises:
        UserError: the file is of another kind.
        MissingExtra: imageio is not installed.
    """

    def __init__(self, path: Path, frames_per_second: float) -> None:
        if path.suffix != KIND:
            raise UserError(
                f"{path.name} is not named as a video", hint=f"name it {path.stem}{KIND}"
            )
        self.path = path
        self._growing = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        self._writer = _writer(self._growing, frames_per_second)

    def add(self, picture: np.ndarray) -> None:
        """Write a picture, (height, width, 3) of uint8; its sides are made even, for codecs."""
        height, width = (size + size % 2 for size in picture.shape[:2])
        padding = ((0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0))
        self._writer.append_data(np.pad(picture, padding, mode="edge"))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
        if kind is None:
            os.replace(self._growing, self.path)
        else:
            with suppress(FileNotFoundError):
                self._growing.unlink()


def _writer(path: Path, frames_per_second: float) -> Any:
    try:
        import imageio.v2 as imageio
        import imageio_ffmpeg  # type: ignore[import-untyped]  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "imageio", "video") from None
    return imageio.get_writer(path, fps=frames_per_second, macro_block_size=2)
