"""The Logger interface, and several loggers as one."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import isclass
from pathlib import Path
from typing import Any

from stride.config.nonfinite import decode_number
from stride.errors import ComponentError, LostRun
from stride.log import LOGGER
from stride.runs.layout import RunPaths

Row = Mapping[str, Any]  # step, epoch, time, and name -> number, as in metrics.jsonl

KEY = "logging_config.loggers"


def numbers_of(row: Row) -> dict[str, float]:
    """Return what a row has to plot: its epoch and metrics, as numbers."""
    return {name: decode_number(part) for name, part in row.items() if name not in ("step", "time")}


class Logger(ABC):
    """A sink of metrics: opened once the run's folder stands, then written row by row.

    A constructor makes no file and finds out whether the sink can work at all, so that a mistake
    is reported before there is a run.
    """

    def open(self, paths: RunPaths, config: Mapping[str, Any]) -> None:  # noqa: B027
        """Start writing for a run, new or resumed; by default do nothing.

        Args:
            paths: the run's folder. On resuming, its metrics.jsonl holds the rows so far.
            config: the resolved config, complete and plain JSON.
        """

    @abstractmethod
    def write(self, row: Row) -> None:
        """Write one row: step, epoch, time, and the metrics' names with their numbers."""

    def write_artifact(self, row: Row, path: Path) -> None:  # noqa: B027
        """Take an image, text, figure or histogram that was logged; by default do nothing.

        Called in the background, never while another method of the logger runs.

        Args:
            row: as in artifacts.jsonl: step, epoch, time, name, kind, file, sha256, size. Its step
                may be older than that of the newest row of metrics.
            path: its file: PNG, text or, of a histogram, JSON.
        """

    @abstractmethod
    def close(self) -> None:
        """Flush and close; called once, also when the run failed."""


class Loggers(Logger):
    """Several loggers as one, none of which can end a run.

    One that raises is warned about and dropped: the rows are in metrics.jsonl anyway. LostRun
    alone goes through, since then this process may no longer write.
    """

    def __init__(self, loggers: Iterable[Logger]) -> None:
        self._loggers = list(loggers)
        self._turn = threading.RLock()  # rows and artifacts come from threads of their own

    def __len__(self) -> int:
        return len(self._loggers)

    def open(self, paths: RunPaths, config: Mapping[str, Any]) -> None:
        """Open each logger."""
        self._each(lambda logger: logger.open(paths, config))

    def write(self, row: Row) -> None:
        """Give the row to each logger."""
        if self._loggers:
            self._each(lambda logger: logger.write(row))

    def write_artifact(self, row: Row, path: Path) -> None:
        """Give an artifact to each logger that takes some."""
        for logger in list(self._loggers):
            if hasattr(logger, "write_artifact"):  # one of the user's may lack it
                self._try(logger, lambda logger: logger.write_artifact(row, path))

    def close(self) -> None:
        """Close each logger; a second call does nothing."""
        self._each(lambda logger: logger.close())
        self._loggers.clear()

    def _each(self, call: Callable[[Logger], None]) -> None:
        for logger in list(self._loggers):
            self._try(logger, call)

    def _try(self, logger: Logger, call: Callable[[Logger], None]) -> None:
        with self._turn:
            try:
                call(logger)
            except LostRun:
                raise
            except Exception as error:
                self._loggers.remove(logger)
                name, kind = type(logger).__name__, type(error).__name__
                LOGGER.warning(
                    "%s is disabled: %s: %s; the metrics are in metrics.jsonl",
                    name,
                    kind,
                    error,
                    exc_info=LOGGER.isEnabledFor(logging.DEBUG),
                )


def build_loggers(
    names: Sequence[str],
    *,
    wandb_kwargs: Mapping[str, Any] | None = None,
    others: Iterable[Logger] = (),
) -> Loggers:
    """Build the loggers of these names, and add the others.

    Args:
        names: csv, tensorboard, wandb, or import paths of a Logger that takes no arguments.
            metrics.jsonl is written always; jsonl among the names is skipped.
        wandb_kwargs: arguments for wandb.init.
        others: loggers given from Python.

    Raises:
        ComponentError: there is no such logger.
        MissingExtra: its package is not installed.
        ConfigError: wandb.init does not take a key of wandb_kwargs.
    """
    wanted = [name for name in dict.fromkeys(names) if name != "jsonl"]
    return Loggers([*(_build(name, wandb_kwargs or {}) for name in wanted), *others])


def _build(name: str, wandb_kwargs: Mapping[str, Any]) -> Logger:
    from stride.components import construct, find

    constructor = find("logger", name)
    if isclass(constructor):
        _require_logger(constructor, name, constructor)
    arguments = {"wandb_kwargs": dict(wandb_kwargs)} if name == "wandb" else {}
    logger: Logger = construct(constructor, section=KEY, **arguments)
    _require_logger(logger, name, type(logger))
    return logger


def _require_logger(thing: Any, name: str, kind: type) -> None:
    """Refuse what has not the methods of a logger; a class before it is called."""
    if not all(callable(getattr(thing, method, None)) for method in ("open", "write", "close")):
        raise ComponentError(
            f"{name} gives a {kind.__name__}, not a logger",
            where=KEY,
            hint="derive from stride.loggers.base.Logger: open(paths, config), write(row), close()",
        )
