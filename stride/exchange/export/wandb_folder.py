"""Runs as offline runs of Weights & Biases, which `wandb sync` sends."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from pathlib import Path
from typing import Any, ClassVar

from stride.errors import StrideError
from stride.exchange.export.artifacts import broken_artifact
from stride.exchange.export.source import Source
from stride.exchange.export.target import Begin, Target
from stride.loggers.base import numbers_of
from stride.loggers.wandb import media, project
from stride.runs.files.encoding import as_utf8
from stride.runs.status import CLEAN_END
from stride.runs.tags.tags_json import known_tags
from stride.visible import quoted


class WandbTarget(Target):
    """Write an offline run for each run, by wandb itself and with the names of the wandb logger.

    Nothing is sent. A row of wandb is a step: what a run recorded at one step is one row, in which
    of two values of one name the later stands. Wall times are kept; the relative time of wandb
    counts from the export. The test split's metrics are in the summary.
    """

    name: ClassVar[str] = "wandb"
    package: ClassVar[str] = "wandb"
    artifacts: ClassVar[bool] = True
    marks: ClassVar[tuple[str, ...]] = (".synced",)

    def write(self, sources: Sequence[Source], folder: Path, begin: Begin) -> None:
        """Write the runs, and wait until wandb's own process has."""
        import wandb  # type: ignore[import-not-found, unused-ignore]

        (folder / "wandb").mkdir()
        alone = wandb.run is None
        for source, name in zip(sources, _ids(sources), strict=True):
            begin(source)
            try:
                _write(source, name, folder)
            except wandb.Error as error:
                raise StrideError(f"wandb cannot write {source.label}: {error}") from error
        if alone:  # else it would end a run of the caller's
            wandb.teardown()

    def look(self, folder: Path) -> str:
        """Return the command that sends the runs."""
        return f"wandb sync {quoted(folder)}/wandb/offline-run-*"


def _write(source: Source, name: str, folder: Path) -> None:
    import wandb  # type: ignore[import-not-found, unused-ignore]

    # What it would find out by itself is of this machine and this moment, not of the run.
    nothing_of_here = dict.fromkeys(("x_disable_stats", "x_disable_meta", "disable_git"), True)
    tags, note = known_tags(source.row.path)
    run = wandb.init(
        mode="offline",
        dir=str(folder),
        id=name,
        project=project(source.paths),
        name=as_utf8(source.row.name),
        tags=tags,
        notes=as_utf8(note or "") or None,
        resume="allow",
        config=_in_utf8(source.config),
        settings=wandb.Settings(
            silent=True, console="off", x_save_requirements=False, **nothing_of_here
        ),
    )
    try:
        for step, values in _steps(source):
            run.log(values, step=step)
        run.summary.update(source.row.test)
    finally:
        run.finish(exit_code=int(source.row.state not in CLEAN_END))


def _in_utf8(value: Any) -> Any:
    """Return a value of JSON whose texts UTF-8 can hold."""
    if isinstance(value, dict):
        return {as_utf8(key): _in_utf8(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_in_utf8(part) for part in value]
    return as_utf8(value) if isinstance(value, str) else value


def _steps(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield steps, none before the last one, with numbers or an artifact of each."""
    rows = ((row, numbers_of(row)) for row in source.rows())
    artifacts = ((row, _artifact(row)) for row in source.artifacts)
    latest = 0
    for row, values in merge(rows, artifacts, key=lambda pair: pair[0]["step"]):
        latest = max(latest, row["step"])  # wandb drops what is older
        yield latest, {**values, "_timestamp": row["time"]}


def _artifact(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an artifact as the logger writes it.

    Raises:
        BrokenRecord: its file is not what the row says.
    """
    try:
        return {row["name"]: media(row["kind"], row["path"])}
    except (ValueError, LookupError, TypeError, OSError) as error:
        raise broken_artifact(row, error) from error


def _ids(sources: Sequence[Source]) -> Iterator[str]:
    """Yield the uuid of each run, and another id for one that is a copy or has none."""
    seen: set[str] = set()
    for source in sources:
        name = source.row.uuid or ""
        if name in seen or not name.isalnum():
            name = hashlib.sha256(os.fsencode(source.label)).hexdigest()[:32]
        seen.add(name)
        yield name
