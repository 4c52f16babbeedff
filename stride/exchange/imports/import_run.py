"""Bring one run of another tool into a work_dir."""

import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stride.config.metrics import infer_mode
from stride.config.secrets import mask_command, mask_values
from stride.errors import UserError
from stride.exchange.imports.digest import source_digest
from stride.exchange.imports.find import READERS
from stride.exchange.imports.folder import begin, end, publish, staged, write_record, write_rows
from stride.exchange.imports.names import EPOCH, recorded_names
from stride.exchange.imports.rows import counts_epochs, fitting, rows_of
from stride.exchange.imports.source import Place, SourceRun
from stride.exchange.imports.summary import Mode, Monitor, Summary, metrics_of
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import RunPaths
from stride.runs.records.imported import ImportedConfig, ImportedRecord
from stride.runs.records.provenance import ProvenanceRecord
from stride.runs.records.tags import TagsRecord
from stride.runs.tags.names import is_tag
from stride.runs.tags.tags_json import NOTE_LENGTH
from stride.runs.where.names import Names
from stride.runs.work_dir import WorkDir
from stride.version import __version__

SEED = "seed"


class Imported(NamedTuple):
    """Hold what became of a source.

    Attributes:
        path: the run's folder.
        record: where it comes from, as provenance.json has it.
        rows: of metrics.
        metrics: by the names under which they are recorded.
    """

    path: Path
    record: ImportedRecord
    rows: int
    metrics: Sequence[str]


def import_run(
    place: Place,
    work_dir: WorkDir,
    *,
    run: str | None = None,
    monitor: str | None = None,
    mode: Mode | None = None,
    digest: str | None = None,
) -> Imported:
    """Read a run of another tool and write it as one of the work_dir, which is only read from then.

    Args:
        place: the run.
        work_dir: where it goes.
        run: a name, None for the next number.
        monitor: the metric by which its best is chosen; None: it has no best, and its last values
            stand for it.
        mode: which way is better, "min" or "max"; None: as the metric's name tells.
        digest: of its files, where that is known.

    Raises:
        RunError: the source cannot be read, or the name is taken or refused.
        UserError: there is no such metric.
        MissingExtra: reading it needs a package that is not installed.
        StrideError: the run cannot be written.
    """
    work_dir.check_name(run)
    found = READERS[place.tool](place)
    values = fitting(found.values, found.tell)
    names = recorded_names({value.name for value in values})
    kept = {name: one for name, one in names.items() if name != EPOCH or not counts_epochs(values)}
    summary = Summary(_monitor(monitor, mode, metrics_of(kept), place))
    record = _record(place, found, kept, digest or source_digest(place.files))
    with staged(work_dir) as paths:
        begin(paths, _config(found, record, work_dir), found.created)
        write_rows(paths, summary.watch(rows_of(values, kept)))
        write_record(paths.provenance, _provenance(found, record))
        _write_tags(paths, found)
        end(paths, found, summary)
        path = publish(paths, work_dir, run)
    return Imported(path, record, summary.rows, metrics_of(kept))


def _monitor(
    metric: str | None, mode: Mode | None, metrics: Sequence[str], place: Place
) -> Monitor | None:
    if metric is None:
        return None
    try:
        name = Names([], metrics).find(metric, "best").key
    except UserError as error:
        raise UserError(error.what, where=str(place.path), hint=error.hint) from None
    return Monitor(name, infer_mode(name, key="--mode") if mode is None else mode)


def _record(
    place: Place, found: SourceRun, names: Mapping[str, str], digest: str
) -> ImportedRecord:
    return ImportedRecord.model_validate(
        {
            "tool": place.tool,
            "version": found.version,
            "source": str(place.path.absolute()),
            "name": found.name or place.name,
            "sha256": digest,
            "files": len(place.files),
            "time": time.time(),
            "names": {one: name for name, one in names.items() if one != name},
            "axes": {
                names[name]: names.get(axis, axis)
                for name, axis in found.axes.items()
                if name in names and (axis in names or axis == EPOCH)
            },
            "left_out": found.left_out,
        }
    )


def _config(found: SourceRun, record: ImportedRecord, work_dir: WorkDir) -> dict[str, Any]:
    """Return what was set, secrets aside, as nobody goes on by it.

    Without a seed runs of one setting cannot be told from each other.
    """
    others = mask_values(found.hyperparameters)
    seed = others.pop(SEED) if type(others.get(SEED)) is int else None
    config = ImportedConfig(
        work_dir=str(work_dir.path),
        seed=seed,
        source_name=record.name if seed is None else None,
        hyperparameters=others,
    )
    return config.to_json()


def _provenance(found: SourceRun, record: ImportedRecord) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "command": mask_command(sys.orig_argv),
        "data_fingerprint": "",
        "imported": record,
        "stride": __version__,
    }
    facts |= {"hostname": found.host} if found.host else {}
    facts |= {"git": {"commit": found.commit}} if found.commit else {}
    whole = ProvenanceRecord.model_validate(facts)
    version = {"format_version": whole.format_version}
    return version | whole.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def _write_tags(paths: RunPaths, found: SourceRun) -> None:
    """Write the tags and the note of the source, tags as STRIDE's may be called."""
    called = {re.sub(r"[^a-z0-9_.-]+", "-", tag.lower()).strip("-_.") for tag in found.tags}
    tags, note = sorted(filter(is_tag, called)), found.note[:NOTE_LENGTH].strip()
    if tags or note:
        atomic_json(paths.tags, TagsRecord(tags=tags, note=note or None).to_json())
