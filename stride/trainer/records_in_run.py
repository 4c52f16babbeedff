"""What a Trainer offers its hooks: numbers, images, texts and files of the run that is trained."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from stride.errors import RunError
from stride.loggers.artifact_values import (
    Artifact,
    Figure,
    Histogram,
    Image,
    Text,
    require_artifact_name,
)
from stride.runs.files.durable import make_folder
from stride.trainer.fit.run_recorder import RunRecorder


class RecordsInRun:
    """Record in the run of the training that is under way.

    Attributes:
        run: of the last `fit`, to be read; while one goes on, its recorder.
    """

    run: Any

    def log(self, name: str, value: float | Tensor) -> None:
        """Record a number, or a tensor of one, under the current step.

        Raises:
            RunError: no training is under way.
        """
        self._recorder("log").log(name, value)

    def log_image(self, name: str, value: Any) -> None:
        """Keep an image of the current step; a copy is taken, and encoded in the background.

        Args:
            name: as of a metric; images of one name belong together.
            value: tensor or array, H x W, H x W x C or C x H x W with 1, 3 or 4 channels, uint8 or
                floating numbers from 0 to 1.

        Raises:
            RunError: no training is under way.
            TypeError: it is not an image; likewise of other numbers.
            ValueError: it is of another shape, or the name is refused.
        """
        self._add("log_image", name, partial(Image.of, value))

    def log_text(self, name: str, text: str, *, markdown: bool = False) -> None:
        """Keep a text of the current step, as a .txt or .md file.

        Raises:
            RunError: no training is under way.
            TypeError: it is not a text.
            ValueError: the name is refused.
        """
        self._add("log_text", name, partial(Text.of, text, markdown=markdown))

    def log_figure(self, name: str, figure: Any) -> None:
        """Keep a matplotlib figure of the current step as a PNG file; it is drawn at once.

        Raises:
            RunError: no training is under way.
            TypeError: it is not a figure.
            ValueError: the name is refused.
        """
        self._add("log_figure", name, partial(Figure.of, figure))

    def log_histogram(self, name: str, values: Any, *, bins: int = 64) -> None:
        """Keep how often values of the current step lie where: counts and edges, as JSON.

        Args:
            name: as of a metric.
            values: tensor or array of any shape; a copy is taken, and counted in the background.
            bins: of equal width, from the smallest to the largest.

        Raises:
            RunError: no training is under way.
            TypeError: they are not numbers.
            ValueError: there is not a bin, or the name is refused.
        """
        self._add("log_histogram", name, partial(Histogram.of, values, bins))

    def _add(self, method: str, name: str, taken: Callable[[], Artifact]) -> None:
        recorder = self._recorder(method)
        require_artifact_name(name)
        recorder.artifacts.add(name, taken())

    def _recorder(self, method: str) -> RunRecorder:
        run = getattr(self, "run", None)
        if not isinstance(run, RunRecorder):
            hint = "call it in a hook, as after_epoch"
            raise RunError("no training is under way", where=f"trainer.{method}", hint=hint)
        return run

    @property
    def folder(self) -> Path:
        """Return the folder of the last or current run for files of your own, `files` in it.

        It is there from the claim of the run on. What lies in it is yours: it is neither cut off
        when the run is resumed nor looked at by anything but the trash.

        Raises:
            RunError: no run is claimed yet.
        """
        run = getattr(self, "run", None)
        if run is None:
            hint = "use it in a hook, as before_train, or after a training"
            raise RunError("no run is claimed yet", where="trainer.folder", hint=hint)
        folder: Path = run.paths.files
        make_folder(folder)
        return folder
