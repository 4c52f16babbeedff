"""`stride show`."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride.runs.listing.measured import SPLITS, first_metrics, metrics_in
from stride.tables.table import Column, Table
from stride.tables.words import duration, moment, number
from stride_cli.address import find
from stride_cli.output import print_json, print_table
from stride_cli.reading.acted import acted
from stride_cli.reading.broken_records import Readable
from stride_cli.reading.evaluated import FEW, evaluated, sentences
from stride_cli.reading.spent import memory, timings

if TYPE_CHECKING:
    from stride.runs.listing.progress import Progress
    from stride.runs.listing.rows.row import RunRow

Records = Mapping[str, Mapping[str, Any]]
POSITION = ("step", "epoch")
BRIEF = {
    "results": ("timings", "parameters"),
    "provenance": ("command", "devices", "data_fingerprint", "git", "parent", "stride"),
}
"""What a program is told of each record unless it asks for all."""


def run(text: str, *, json: bool, records: bool = False) -> None:
    """Show of one run all that can be read, then what cannot."""
    from stride.errors import UserError
    from stride.runs.layout import RunPaths
    from stride.runs.listing.rows.read import read_row

    if records and not json:
        raise UserError("--records is for programs", hint="add --json")
    folder = find(text)
    row = read_row(folder)
    found = Readable(text, folder)
    if row.broken is not None:
        found.problem(row.broken)
    paths = RunPaths(folder)
    files = {"results": paths.results, "provenance": paths.provenance}
    files["reproduction"] = paths.reproduction
    kept = {name: found.part(partial(_optional, file), {}) for name, file in files.items()}
    if json:
        _print_json(row, kept, found, records=records)
    else:
        _print(row, text, kept, found)
    found.require_whole()


def _print(row: "RunRow", text: str, kept: Records, found: Readable) -> None:
    def lines(make: Callable[..., Iterable[list[str]]], *of: Any) -> Iterable[list[str]]:
        yield from found.part(lambda: [*make(*of)], [])

    shown = [*_head(row, text), *lines(_segments, row.path)]
    shown += lines(_lineage, kept["provenance"], kept["reproduction"])
    shown += lines(_acted, row.path, kept["results"])
    shown += [*lines(_results, row, kept["results"]), *lines(_spent, kept["results"])]
    shown += lines(_evaluated, row)
    shown += [*lines(_origin, kept["provenance"]), *lines(_counted, row.path)]
    shown += lines(_files, row.path)
    print_table(Table([Column("run", str), Column(str(row.path), str, wraps=True)], shown))


def _print_json(row: "RunRow", kept: Records, found: Readable, *, records: bool) -> None:
    whole = {name: kept[name] for name in BRIEF}
    reached = {
        kind: found.part(partial(_measured, row, kept["results"], kind), {}) for kind in SPLITS
    }
    told = whole | reached
    if not records:
        told = {name: found.part(partial(_briefly, name, whole[name]), {}) for name in BRIEF}
        told |= {kind: first_metrics(one, row.monitor, FEW) for kind, one in reached.items()}
    others = {
        "reproduction": kept["reproduction"],
        "fidelity": found.part(partial(_fidelity, row.path), {}),
        "artifacts": found.part(partial(_artifacts, row.path), {}),
        "evaluations": found.part(partial(evaluated, row), {}),
    }
    left = {name: len(one) - len(told[name]) for name, one in (whole | reached).items()}
    left_out = {name: number for name, number in left.items() if number}
    print_json(row.to_json() | told | others | {"left_out": left_out})


def _briefly(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a record what is short and not in the row."""
    told = {key: record[key] for key in BRIEF[name] if key in record}
    if git := told.get("git"):
        told["git"] = {key: git.get(key) for key in ("commit", "branch", "dirty")}
    return told


def _optional(path: Path) -> dict[str, Any]:
    from stride.runs.files.atomic import read_record

    return read_record(path) if os.path.lexists(path) else {}


def _head(row: "RunRow", text: str) -> Iterator[list[str]]:
    yield ["status", f"{row.state} ({row.reason})" if row.reason else row.state]
    from stride.runs.status import next_command

    if command := next_command(row.state, text):
        yield ["to go on", f"type: {command}"]
    if row.progress is not None:
        yield from _progress(row.progress, goes_on=row.state == "running")
    yield ["created", moment(row.created)]
    if row.sweep is not None:
        yield ["sweep", f"{row.sweep}, trial {row.trial}"]
    if row.started is not None:
        took = "" if row.duration is None else f", took {duration(row.duration)}"
        yield ["started", moment(row.started) + took]
    from stride.runs.listing.tables import latest_overrides
    from stride.runs.tags.tags_json import known_tags, shown_tags

    if tags := shown_tags(row.path):
        yield ["tags", " ".join(tags)]
    if note := known_tags(row.path).note:
        yield ["note", note]
    typed = latest_overrides(row.overrides)
    for title, text in zip(_titles("overrides", len(typed)), typed, strict=True):
        yield [title, text]


def _progress(found: "Progress", *, goes_on: bool) -> Iterator[list[str]]:
    """Yield how far a training has come, or had when its process was killed."""
    yield ["progress", found.position]
    parts = {"speed": found.speed if goes_on else ""}
    parts["memory"] = memory(found.memory, found.device_memory)
    for title, text in parts.items():
        if text:
            yield [title, text]


def _segments(folder: Path) -> Iterator[list[str]]:
    from stride.runs.run import Run

    segments = Run(folder).segments
    if len(segments) > 1:
        steps = [str(segment.get("from_step", 0)) for segment in segments[1:]]
        word = "step" if len(steps) == 1 else "steps"
        yield ["segments", f"{len(segments)} (resumed at {word} {', '.join(steps)})"]
        inexact = (_fidelity(folder).get("inexact") or {}).items()
        told = [f"{part}: {why}" for part, why in inexact]
        for title, text in zip(_titles("not exact", len(told)), told, strict=True):
            yield [title, text]


def _fidelity(folder: Path) -> dict[str, Any]:
    """Return what the newest resume restored exactly and what not; nothing without one."""
    from stride.runs.run import Run

    segments = Run(folder).segments
    return (segments[-1].get("fidelity") or {}) if segments else {}


def _lineage(provenance: Mapping[str, Any], reproduction: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield from which run this one came, and whether it came out the same."""
    parent = provenance.get("parent") or {}
    if parent:
        checkpoint = f" (checkpoint {parent['checkpoint']})" if parent.get("checkpoint") else ""
        place = f" at step {parent['step']}{checkpoint}" if "step" in parent else checkpoint
        yield ["parent", f"{parent.get('relation')} of {parent.get('run')}{place}"]
    yield from _imported(provenance.get("imported") or {})
    if reproduction:
        yield ["reproduction", _verdict(reproduction)]


def _imported(found: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield by which tool a run was recorded, and what of it is not here."""
    from stride.runs.provenance.imported import words_of

    if found:
        version = f" ({found['version']})" if found.get("version") else ""
        yield ["imported", f"{words_of(found)}{version}, from {found.get('source')}"]
        axes = [f"{name} along {axis}" for name, axis in (found.get("axes") or {}).items()]
        left = [*map(str, found.get("left_out") or [])]
        for title, texts in {"axes": axes, "left out": left}.items():
            for name, text in zip(_titles(title, len(texts)), texts, strict=True):
                yield [name, text]


def _verdict(reproduction: Mapping[str, Any]) -> str:
    if reproduction.get("identical"):
        return f"bit-identical over {reproduction.get('steps')} steps"
    step = reproduction.get("first_divergent_step")
    place = "not bit-identical" if step is None else f"diverged at step {step}"
    return ": ".join([place, *(reproduction.get("causes") or [])[:1]])


def _reached(row: "RunRow", results: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """Return the best, the last or the test metrics: all, of which the row may have only some."""
    if row.progress is not None:  # results that are there were those of an earlier end
        results = {}
    return results.get(kind) or getattr(row, kind, {})


def _measured(row: "RunRow", results: Mapping[str, Any], kind: str) -> dict[str, float]:
    return metrics_in(_reached(row, results, kind))


def _results(row: "RunRow", results: Mapping[str, Any]) -> Iterator[list[str]]:
    for kind in SPLITS:
        values = _reached(row, results, kind)
        where = ", ".join(f"{name} {values[name]}" for name in POSITION if name in values)
        measured = [
            f"{name} = {number(value)}"
            for name, value in sorted(values.items())
            if name not in POSITION
        ]
        if measured and where:
            measured[0] += f"  ({where})"
        for title, text in zip(_titles(kind, len(measured)), measured, strict=True):
            yield [title, text]


def _evaluated(row: "RunRow") -> Iterator[list[str]]:
    told = [*sentences(row)]
    for title, text in zip(_titles("evaluated", len(told)), told, strict=True):
        yield [title, text]


def _acted(folder: Path, results: Mapping[str, Any]) -> Iterable[list[str]]:
    from stride.runs.layout import RunPaths

    return acted(_optional(RunPaths(folder).config), results)


def _spent(results: Mapping[str, Any]) -> Iterator[list[str]]:
    if results.get("parameters") is not None:
        yield ["parameters", f"{results['parameters']:,}"]
    yield from timings(results.get("timings") or {})


def _origin(provenance: Mapping[str, Any]) -> Iterator[list[str]]:
    import shlex

    git, versions = provenance.get("git") or {}, provenance.get("versions") or {}
    if git.get("commit"):
        dirty = " with uncommitted changes (code.patch)" if git.get("dirty") else ""
        yield ["commit", git["commit"] + dirty]
    if provenance.get("devices"):
        yield ["devices", ", ".join(map(str, provenance["devices"]))]
    if versions.get("torch"):
        yield ["torch", versions["torch"]]
    if provenance.get("command"):
        yield ["command", shlex.join(provenance["command"])]


def _artifacts(folder: Path) -> dict[str, int]:
    """Return how many artifacts of each kind are there."""
    from collections import Counter

    from stride.runs.artifacts.read import kept_artifacts
    from stride.runs.layout import RunPaths

    return dict(Counter(str(row.get("kind")) for row in kept_artifacts(RunPaths(folder))))


def _counted(folder: Path) -> Iterator[list[str]]:
    if artifacts := _artifacts(folder):
        yield ["artifacts", ", ".join(f"{kind} {n}" for kind, n in artifacts.items())]


def _files(folder: Path) -> Iterator[list[str]]:
    names = (f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir())
    shown = sorted(name for name in names if not name.startswith("."))
    if shown:
        yield ["files", " ".join(shown)]


def _titles(title: str, lines: int) -> list[str]:
    """Return the titles of so many lines: only the first has one."""
    return [title, *[""] * (lines - 1)][:lines]
