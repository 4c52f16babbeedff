"""Make the run of a trial that failed before the training could claim one."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from stride.config import Resolved
from stride.loggers.text import TextLog
from stride.runs.provenance.collect import Survey, collect
from stride.runs.writer import RunWriter
from stride.trainer.fit.run_recorder import outcome
from stride.trainer.fit.run_start import typed_overrides


def claim(resolved: Resolved, relation: Mapping[str, Any]) -> RunWriter:
    """Return a new run that records what it was to train.

    Args:
        resolved: config of the run.
        relation: to the sweep, as its provenance has it.
    """
    with Survey(resolved.folder, exclude=[resolved.work_dir]) as survey:
        found = survey.result()
    provenance = collect(
        found,
        overrides=typed_overrides(resolved),
        origins=resolved.origins,
        seeds={"seed": resolved.config.seed},
        devices=[],
    )
    return RunWriter.start(
        resolved.work_dir,
        resolved.config.run,
        config=resolved.config.to_json(),
        provenance={**provenance, "sweep": dict(relation)},
        patch=found.patch,
    )


def fail(writer: RunWriter, level: str, error: Exception) -> None:
    """End a run as failed, with the error's traceback in its log, from so high a level on."""
    try:
        with suppress(type(error)), TextLog(level) as log:
            log.open(writer.paths.log(0))
            raise error
    finally:
        writer.close(*outcome(error))
