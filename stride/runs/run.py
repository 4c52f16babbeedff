"""Read one run folder."""

import os
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

from stride.config.nonfinite import decode_numbers
from stride.errors import ConfigError, MissingExtra, RunError, UserError
from stride.log import LOGGER
from stride.runs.artifacts.read import kept_artifacts
from stride.runs.evaluations.read import evaluations
from stride.runs.files.atomic import read_record
from stride.runs.files.durable import os_errors_as
from stride.runs.files.jsonl import read_lines
from stride.runs.files.safe_open import read_own
from stride.runs.layout import (
    SELECTORS,
    RunPaths,
    WorkDirPaths,
    checkpoint_order,
)
from stride.runs.listing.facts import Facts
from stride.runs.listing.history import epoch_rows
from stride.runs.listing.rows.read import read_row
from stride.runs.listing.rows.row import RunRow
from stride.runs.provenance.imported import refuse_imported
from stride.runs.run_folder import is_run_folder
from stride.runs.run_names import number_of
from stride.runs.status import segment_numbers
from stride.runs.tags.tags_json import change_tags, read_tags, write_note
from stride.visible import quoted

if TYPE_CHECKING:
    from stride.config import Config, Recorded
    from stride.runs.curves.drawn import RunPlots

Rows = Literal["epochs", "all"]
_LOG_LIMIT = 2**30  # bytes that come back as one text


class Run:
    """Give what a run folder holds, without running code that lies in it.

    Its records are never changed; `tag` and `set_note` write what is yours, tags.json.

    A run that is being trained may be read too: each look at `status`, `metrics()` or `results`
    reads the folder again.

    Attributes:
        path: the folder, as it was given.
        paths: the paths of its files, absolute.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Bind to a run folder.

        Args:
            path: the folder; or `W/latest` or `W/best`.

        Raises:
            RunError: there is not a run folder.
        """
        self.path = _selected(Path(path))
        if not os.path.isdir(self.path) or not is_run_folder(self.path):
            inside = os.path.isdir(WorkDirPaths(self.path).private)
            what = "this is a work_dir, not a run" if inside else "no run folder here"
            shown = self.path if inside else self.path.parent
            raise RunError(
                what, where=str(path), hint=f"`stride ls {quoted(shown)}` shows the runs"
            )
        self.paths = RunPaths(self.path.absolute())  # the user's code may change the folder

    @property
    def name(self) -> str:
        """Return the run's name: that of its folder."""
        return self.path.name or self.path.resolve().name

    @property
    def number(self) -> int | None:
        """Return the run's number, or None for a run with a name of its own."""
        number = number_of(self.name)
        return number if number >= 0 else None

    @cached_property
    def raw_config(self) -> dict[str, Any]:
        """Return the resolved config as plain JSON, without the file's format_version.

        Raises:
            RunError: config.json is missing, broken, or of a newer STRIDE.
        """
        values = read_record(self.paths.config, unversioned=1)  # the first runs had none
        return {key: value for key, value in values.items() if key != "format_version"}

    @cached_property
    def config(self) -> "Config":
        """Return the resolved config; of keys that this STRIDE skips, the defaults.

        Raises:
            RunError: config.json is missing, broken, or of a newer STRIDE; or another tool recorded
                the run, and `raw_config` has its hyperparameters.
            ConfigError: what a network or data are built by does not fit the schema.
        """
        config, skipped = self._recorded
        for what in skipped.values():
            LOGGER.warning("%s: %s: skipped", self.paths.config, what)
        return config

    @property
    def skipped_keys(self) -> dict[str, str]:
        """Return what of the config this STRIDE does not know any more: key -> what is wrong.

        Only what says how to train may be: what is built is built alike, or not at all.

        Raises:
            UserError: as `config`.
        """
        return self._recorded.skipped

    @cached_property
    def _recorded(self) -> "Recorded":
        from stride.config import read_recorded  # loads pydantic, which most readers do not need

        refuse_imported(self.paths)
        try:
            return read_recorded(self.raw_config)
        except ConfigError as error:
            place = error.where or str(self.paths.config)
            raise ConfigError(error.what, key=error.key, where=place, hint=error.hint) from None

    @property
    def status(self) -> dict[str, Any]:
        """Return what the writer last recorded; `state` says what holds now.

        Raises:
            RunError: status.json is missing or broken.
        """
        return read_record(self.paths.status)

    def row(self) -> RunRow:
        """Return what a listing shows of this run; a broken folder is a row with its reason."""
        return read_row(self.path)

    @property
    def state(self) -> str:
        """Return the state, derived: `running` with a dead process is `interrupted`."""
        return self.row().state

    @property
    def reason(self) -> str:
        """Return why the run is in its state."""
        return self.row().reason

    @property
    def segments(self) -> list[dict[str, Any]]:
        """Return the record of each start, oldest first.

        Raises:
            RunError: one of them is broken.
        """
        return [read_record(self.paths.segment(n)) for n in segment_numbers(self.paths)]

    @property
    def provenance(self) -> dict[str, Any]:
        """Return where the run comes from.

        Raises:
            RunError: provenance.json is missing or broken.
        """
        return read_record(self.paths.provenance)

    @property
    def results(self) -> dict[str, Any]:
        """Return best and last metrics, timings and digests, as numbers.

        Raises:
            RunError: results.json is missing (the run has not ended) or broken.
        """
        results: dict[str, Any] = decode_numbers(read_record(self.paths.results))
        return results

    @overload
    def metrics(
        self, frame: Literal[False] = False, *, rows: Rows | None = None
    ) -> list[dict[str, Any]]: ...

    @overload
    def metrics(self, frame: bool, *, rows: Rows | None = None) -> Any: ...

    def metrics(self, frame: bool = False, *, rows: Rows | None = None) -> Any:
        """Return the rows of the metrics stream, without a torn last line.

        Args:
            frame: whether to return a pandas DataFrame, for which
                `frame.plot("epoch", "validation/epoch_loss")` is a curve.
            rows: "epochs": one for each end of an epoch and each evaluation, with all that was
                recorded there; "all": every line, those between too. By default a frame has
                epochs, and a list all.

        Raises:
            RunError: a line before the last is broken.
            UserError: there are no rows of that name.
            MissingExtra: a frame is asked for and pandas is not installed.
        """
        chosen = rows or ("epochs" if frame else "all")
        if chosen not in get_args(Rows):
            raise UserError(f"there are no rows {chosen!r}", hint='give rows="epochs" or "all"')
        lines = decode_numbers(read_lines(self.paths.metrics))
        found = epoch_rows(lines) if chosen == "epochs" else lines
        return _frame(found) if frame else found

    def plot(
        self, *metrics: str, along: str = "step", smooth: float = 0.0, log: bool = False
    ) -> "RunPlots":
        """Draw how metrics went: a notebook shows the plots, `save("loss.svg")` writes them.

        Args:
            metrics: names as they may be typed, `*` and `?` standing for any; the monitored one if
                there are none.
            along: what the horizontal axis counts: "step", "epoch", or "time" for seconds of
                training; or a metric that was recorded beside.
            smooth: weight of what came before in a moving average, from 0 to below 1.
            log: whether the upright axis is logarithmic.

        Raises:
            UserError: there is no such metric, or an option has a wrong value.
            RunError: no metric is recorded yet, or a line before the last is broken.
        """
        from stride.runs.curves.plots import plot_runs  # loads what draws, which few need

        facts = Facts(self.row())
        return plot_runs([facts], metrics, along=along, smooth=smooth, log=log, by=["run"])

    @overload
    def evaluations(self, frame: Literal[False] = False) -> list[dict[str, Any]]: ...

    @overload
    def evaluations(self, frame: bool) -> Any: ...

    def evaluations(self, frame: bool = False) -> Any:
        """Return what checkpoints were evaluated to beside the training, in its order.

        `stride evaluate RUN --follow` and `stride.AsyncEvaluator` do that.

        Args:
            frame: whether to return a pandas DataFrame.

        Returns:
            A row for each checkpoint: step, epoch, time, its name, and the values by their names.

        Raises:
            RunError: a line before the last of evaluations.jsonl is broken.
            MissingExtra: a frame is asked for and pandas is not installed.
        """
        rows = evaluations(self.paths)
        return _frame(rows) if frame else rows

    def artifacts(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the rows of the artifacts that are there, each with the `path` of its file.

        Args:
            name: under which they were logged, None for all.

        Raises:
            RunError: a line before the last of artifacts.jsonl is broken.
        """
        rows = kept_artifacts(self.paths)
        return [row for row in rows if name is None or row.get("name") == name]

    def log(self, rank: int = 0) -> str:
        """Return the text log of one rank.

        Raises:
            RunError: that rank has left no log, or one that is too large for one text.
        """
        path = self.paths.log(rank)
        try:
            with os_errors_as("cannot read", path, RunError, passing=FileNotFoundError):
                return read_own(path, _LOG_LIMIT).decode(errors="replace")
        except FileNotFoundError:
            there = ", ".join(sorted(_names(self.paths.logs))) or "none"
            what = f"no log of rank {rank} here"
            raise RunError(what, where=str(self.path), hint=f"logs: {there}") from None

    @property
    def tags(self) -> tuple[str, ...]:
        """Return the run's tags, sorted.

        Raises:
            RunError: tags.json is broken.
        """
        return read_tags(self.paths).tags

    @property
    def note(self) -> str:
        """Return the run's note, the empty text where there is none.

        Raises:
            RunError: tags.json is broken.
        """
        return read_tags(self.paths).note

    def tag(self, *changes: str) -> tuple[str, ...]:
        """Add tags and remove some; return those that the run has then.

        Tags and note are yours and may change at any time, whoever trains or reads the run.

        Args:
            changes: `"paper"` or `"+paper"` adds a tag, `"-old"` removes one.

        Raises:
            RunError: the name of a tag is refused, or tags.json is broken.
            StrideError: the file cannot be written.
        """
        return change_tags(self.paths, changes).tags

    def set_note(self, note: str) -> None:
        """Put a note in the place of the run's; the empty text removes it.

        Raises:
            RunError: the note is too long, or tags.json is broken.
            StrideError: the file cannot be written.
        """
        write_note(self.paths, note)

    def checkpoints(self) -> list[Path]:
        """Return the folders of the complete checkpoints, in the order of training."""
        names = sorted(_names(self.paths.checkpoints), key=checkpoint_order)
        found = [self.paths.checkpoint(name) for name in names]
        return [checkpoint.path for checkpoint in found if os.path.isfile(checkpoint.record)]

    def __repr__(self) -> str:
        row = self.row()
        reason = f", {row.reason!r}" if row.reason else ""
        return f"Run({str(self.path)!r}, {row.state}{reason})"

    def _repr_html_(self) -> str:
        from stride.runs.curves.in_output import curve_in_output  # for notebooks only
        from stride.runs.listing.html import run_output

        row = self.row()
        return run_output(row, curve_in_output(row))


def _selected(path: Path) -> Path:
    """Return the folder that a selector stands for, any other path as it is."""
    if path.name not in SELECTORS:
        return path
    from stride.runs.work_dir import WorkDir  # loads what claiming needs

    return WorkDir(path.parent).find(path.name)


def _names(folder: Path) -> list[str]:
    """Return the names in a folder that need not be there, without unfinished ones."""
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError:
        return []


def _frame(rows: list[dict[str, Any]]) -> Any:
    try:
        pandas: Any = import_module("pandas")
    except ImportError as cause:
        raise MissingExtra("pandas", "notebook", where="metrics(frame=True)") from cause
    return pandas.DataFrame(rows)
