"""Write a video, picture by picture."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from stride.errors import MissingExtra, UserError
from stride.runs.files.whole_file import whole_file

KIND = ".mp4"
"""What is written as it comes; a GIF would be kept in memory until its end."""


@contextmanager
def video_file(path: Path, frames_per_second: float) -> Iterator[Callable[[np.ndarray], None]]:
    """Give in the block what takes pictures, (height, width, 3) of uint8.

    The video appears as a whole at the end of the block, and not at all after an error.

    Args:
        path: `.mp4`; a file that is there is replaced.
        frames_per_second: how fast it is shown.

    Raises:
        UserError: the file is of another kind.
        MissingExtra: imageio is not installed.
    """
    if path.suffix != KIND:
        raise UserError(f"{path.name} is not named as a video", hint=f"name it {path.stem}{KIND}")
    with whole_file(path) as growing:
        writer = _writer(growing, frames_per_second)
        try:
            yield lambda picture: writer.append_data(_even(picture))
        finally:
            writer.close()


def _writer(path: Path, frames_per_second: float) -> Any:
    try:
        import imageio.v2 as imageio
        import imageio_ffmpeg  # type: ignore[import-untyped]  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "imageio", "video") from None
    return imageio.get_writer(path, fps=frames_per_second, macro_block_size=2)


def _even(picture: np.ndarray) -> np.ndarray:
    """Return a picture whose sides are even, as codecs want them, by doubling the last rows."""
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
