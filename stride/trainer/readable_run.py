"""Let the run that a trainer has trained be read after it, however the training ended."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from stride.errors import RunError
from stride.trainer.fit.run_recorder import RunRecorder
from stride.trainer.records_in_run import RecordsInRun
from stride.trainer.starts.loaded import LoadedRun


@contextmanager
def left_to_be_read(trainer: RecordsInRun) -> Iterator[None]:
    """Put the run to be read in the place of the recorder that a training in the block leaves."""
    before = getattr(trainer, "run", None)  # of the training in whose hook another is refused
    try:
        yield
    finally:
        recorder = getattr(trainer, "run", None)
        if isinstance(recorder, RunRecorder) and recorder is not before:
            with suppress(RunError):  # whose folder is gone; what ended the run is to be told
                trainer.run = LoadedRun(recorder.paths.path)
