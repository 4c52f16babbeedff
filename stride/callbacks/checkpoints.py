"""Write checkpoints when they are due, in the background."""

import math
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from stride.callbacks.base import Callback
from stride.callbacks.monitor import Monitor
from stride.callbacks.protocols import RunLike, TrainerLike
from stride.callbacks.retention import RetentionPolicy
from stride.config.sections.checkpoint import CheckpointConfig
from stride.distributed import is_main, on_main
from stride.engine.checkpoint.background import BackgroundTask
from stride.engine.checkpoint.checkpoint import Snapshot, require_storable, snapshot, write_state
from stride.engine.checkpoint.collective import write_together
from stride.engine.checkpoint.snapshot import Staging
from stride.log import LOGGER
from stride.runs.keeping.space import SpaceWarning
from stride.runs.layout import RunPaths


class Checkpoints(Callback):
    """Write all that resuming needs every so many epochs, steps or minutes, and at the end.

    The training waits only for the copy of its tensors. A thread writes it, names it in the index
    and deletes old checkpoints; what goes wrong there is raised here at the next occasion. Of a
    model that is divided among the ranks all write together, and the training waits for them.
    That a checkpoint stands is told on every rank after the same step.

    Args:
        config: when to write and what to keep.
        name: gives a checkpoint's folder name from completed epochs and, inside of an epoch, the
            step.
        monitor: by what the best checkpoint is found.
        now: the clock; with several ranks one that they agree on.
        border_seconds: since the last checkpoint between two epochs, after which the end of an
            epoch has one, whatever the config says: 0 where a training can go on only there, and a
            signal might cost it all; inf where it can surely go on inside an epoch.
    """

    def __init__(
        self,
        config: CheckpointConfig,
        name: Callable[[int, int | None], str],
        monitor: Monitor,
        now: Callable[[], float] = time.monotonic,
        *,
        border_seconds: float = math.inf,
    ) -> None:
        self._config = config
        self._now = now
        self._name = name
        self._metric = monitor.metric
        self._metrics: Mapping[str, float] = {}
        self._evaluated = 0  # the step that they are of
        self._retention = RetentionPolicy(config, monitor, inside=border_seconds == math.inf)
        self._saved: tuple[int, int] | None = None
        self._staging = Staging()
        self._errand: BackgroundTask | None = None
        self._untold = False
        self._path = Path()
        self._space = SpaceWarning()
        self._steps = config.every_steps or sys.maxsize  # an integer: cheap in each step
        self._seconds = 60 * config.every_minutes if config.every_minutes else math.inf
        self._border_seconds = border_seconds
        self._due, self._border_due = now() + self._seconds, now() + border_seconds

    def adopt(self, paths: RunPaths, last: str) -> None:
        """Take over the checkpoints of a resumed run, up to the one that was restored."""
        self._retention.adopt(paths, last)
        self._saved = self._retention.newest()
        self._path = paths.checkpoint(last).path

    def before_train(self, trainer: TrainerLike) -> None:
        """Refuse at once what the first checkpoint, perhaps hours later, could not hold.

        Of a resumed run, finish what was ended between its newest checkpoint and the index. A
        checkpoint under way, as at the beginning of a further round, is neither's yet: it is
        waited for.
        """
        self._finish_one(trainer)
        require_storable(trainer.state)
        if self._retention.newest() and is_main():
            self._tidy(trainer.run)

    def save_if_due(self, trainer: TrainerLike, *, agreed: bool = True) -> None:
        """Write a checkpoint when enough steps or minutes have gone by.

        To be called after each step, when it is complete and what it reports is written.

        Args:
            trainer: what is trained.
            agreed: whether all ranks know what rank 0 says in `stands`.

        Raises:
            StrideError: the last checkpoint could not be written; or this one.
        """
        step = trainer.state.step
        if step % self._steps == 0 or self._now() >= self._due:
            self.save(trainer, self._metrics if step == self._evaluated else None)
        elif self._untold and agreed and self.stands():
            self._tell(trainer)

    def stands(self) -> bool:
        """Tell whether a checkpoint stands that no hook was told of; rank 0 alone knows.

        Raises:
            StrideError: it could not be written.
        """
        if self._errand is not None and self._errand.is_done():
            self._settle()
        return self._untold and self._errand is None

    def after_evaluate(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Note the values that a checkpoint after this step is judged by."""
        self._metrics, self._evaluated = metrics, trainer.state.step

    def after_epoch(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Write a checkpoint when enough epochs have gone by, or enough time."""
        if trainer.state.position:
            return
        every = self._config.every_epochs
        if (every and trainer.state.epoch % every == 0) or self._now() >= self._border_due:
            self.save(trainer, metrics)

    def after_train(self, trainer: TrainerLike) -> None:
        """Write the last checkpoint."""
        self.save(trainer, self._metrics)

    def save(self, trainer: TrainerLike, metrics: Mapping[str, float] | None = None) -> None:
        """Write the training's state as it is now, unless it is written already or not finite.

        Waits for the checkpoint before.

        Raises:
            StrideError: the checkpoint before could not be written; or this one, where nothing is
                written in the background.
        """
        self._finish_one(trainer)
        state, run = trainer.state, trainer.run
        here = (state.step, state.epoch)
        value = (metrics or {}).get(self._metric)
        if here == self._saved:
            self._rate(run, value)
            return
        if not state.is_finite():  # the loop ends the run by what is not
            return
        facts = {"value": value, "streams": run.stream_sizes(), **run.identity}
        self._saved, self._due = here, self._now() + self._seconds
        if state.position == 0:
            self._border_due = self._now() + self._border_seconds
        name = self._name(state.epoch, state.step if state.position else None)
        self._path = run.paths.checkpoint(name).path
        staging = self._staging if self._config.background and is_main() else None
        taken = snapshot(state, staging)  # gathers what each rank has of its own
        self._do(trainer, taken, **facts)

    def _do(self, trainer: TrainerLike, taken: Snapshot, **facts: Any) -> None:
        """Have a checkpoint written: by all ranks where it has shards, else by rank 0."""
        self._untold = True
        write = self._write_together if taken.rows else self._write
        work = partial(write, trainer.run, taken, **facts)
        if self._config.background and not taken.rows:  # where ranks write, they wait
            self._errand = BackgroundTask(work) if is_main() else None
            return
        work() if taken.rows else on_main(work)
        self._tell(trainer)

    def _rate(self, run: RunLike, value: float | None) -> None:
        """Give a checkpoint that was written before the last evaluation its value."""
        if value is not None and is_main() and self._retention.rate(self._path.name, value):
            self._tidy(run)  # the one that was best so far may have to go

    def _write(self, run: RunLike, taken: Snapshot, **facts: Any) -> None:
        """Put the checkpoint in its place, then the index, then delete what is in neither."""
        with run.commit_folder(self._path) as folder:
            record = write_state(folder, taken, **facts)
            run.sync_streams()
        self._list(run, record | facts)

    def _write_together(self, run: RunLike, taken: Snapshot, **facts: Any) -> None:
        """Do the same, each rank its rows; the checkpoint stands when rank 0 has named it."""
        record = write_together(run, self._path, taken, **facts)
        on_main(partial(self._list, run, record | facts))

    def _list(self, run: RunLike, record: Mapping[str, Any]) -> None:
        self._retention.add(self._path.name, dict(record))
        self._tidy(run)
        size = sum(file["size"] for file in record["files"].values())
        self._space.look(run.paths.checkpoints, size)

    def _tidy(self, run: RunLike) -> None:
        """Name in the index what is kept, then delete everything else."""
        self._write_index(run)
        self._retention.delete_others(run.paths, run.remove_folder)

    def _write_index(self, run: RunLike) -> None:
        index = self._retention.choose() | {"segment": run.identity["segment"]}
        run.commit(run.paths.checkpoint_index, index)

    def retract(self, trainer: TrainerLike, step: int) -> None:
        """Delete the checkpoints of later steps, where those were found to be wrong.

        Raises:
            StrideError: the checkpoint under way could not be written.
        """
        self._settle()
        self._retention.retract(step)
        self._tidy(trainer.run)

    def _settle(self) -> None:
        """Wait for the checkpoint under way, and raise its error."""
        if self._errand is not None:
            self._errand.wait()  # a signal may end this: see on_exception
            errand, self._errand = self._errand, None
            errand.check()

    def _tell(self, trainer: TrainerLike) -> None:
        """Call the hooks: the checkpoint stands."""
        if self._untold:
            self._untold = False
            trainer.hooks.call("after_checkpoint", self._path)

    def _finish_one(self, trainer: TrainerLike) -> None:
        """Wait on every rank until the checkpoint under way stands, and tell of it."""
        on_main(self._settle)
        self._tell(trainer)

    def finish(self, trainer: TrainerLike) -> None:
        """Wait until the last checkpoint stands, and let go the memory that it was copied to.

        Raises:
            StrideError: it could not be written.
        """
        self._finish_one(trainer)
        self._staging = Staging()

    def on_exception(self, trainer: TrainerLike, error: BaseException) -> None:
        """Let the checkpoint under way come to its end; its own error is not what ended the run.

        Who presses Ctrl-C again while it is written is not kept waiting, but told.
        """
        self._staging, self._untold = Staging(), False
        errand, self._errand = self._errand, None
        if errand is None:
            return
        if isinstance(error, KeyboardInterrupt) and not errand.is_done():
            LOGGER.warning("the checkpoint %s was still being written: given up", self._path.name)
            return
        try:
            errand.check()
        except Exception as late:
            LOGGER.warning("the last checkpoint was not written: %s", late)

    def state_dict(self) -> dict[str, Any]:
        """Return the monitored value of the last evaluation."""
        return {"value": self._metrics.get(self._metric)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the monitored value of the last evaluation."""
        value = state.get("value")  # states of format version 1 have none
        self._metrics = {} if value is None else {self._metric: value}
