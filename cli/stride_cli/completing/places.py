"""Complete the paths of runs and work_dirs, and the names of their metrics."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

MANY = 200  # runs of a folder that are offered at most, and
LOOKED_AT = 20  # newest ones whose metrics are
PLACE = ("step", "epoch", "time")  # where metrics were taken


def complete_run(incomplete: str) -> list[str]:
    """Return the runs and folders that a path may be the beginning of."""
    above, _, begun = incomplete.rpartition("/")
    folder = Path(f"{above}/" if above or incomplete.startswith("/") else ".")
    prefix = incomplete.removesuffix(begun)
    names = _folders(folder)
    found = [name for name in names if name.startswith(begun)]
    runs = [name for name in found if _is_run(folder / name)][:MANY]
    selectors = [name for name in ("latest", "best") if name.startswith(begun)]
    if selectors and not runs and not any(_is_run(folder / name) for name in names):
        selectors = []
    others = [f"{name}/" for name in found if name not in runs and not _is_run(folder / name)]
    return [f"{prefix}{name}" for name in (*selectors, *runs, *others)]


def complete_work_dir(incomplete: str) -> list[str]:
    """Return the folders, runs aside, that a path may be the beginning of."""
    return [path for path in complete_run(incomplete) if path.endswith("/")]


def complete_place_or_words(context: typer.Context, incomplete: str) -> list[Any]:
    """Return keys and their values; and places, where none was typed before."""
    from stride_cli.completing.keys import complete_words
    from stride_cli.words import is_setting

    typed = context.params.get("words") or []
    places = [] if any(not is_setting(word) for word in typed) else complete_run(incomplete)
    return [*places, *complete_words(context, incomplete)]


def complete_tag(context: typer.Context, incomplete: str) -> list[str]:
    """Return runs, or behind a `+` the tags that the newest runs of the typed places have."""
    if not incomplete.startswith("+"):
        return complete_run(incomplete)
    words = [word for word in context.params.get("words") or [] if word[:1] not in "+-"]
    found = {tag for word in words for place in _beside(Path(word)) for tag in _tags(place)}
    return [f"+{tag}" for tag in sorted(found) if tag.startswith(incomplete[1:])]


def complete_metric(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of metrics that the newest runs of the places typed before have."""
    names: set[str] = set()
    for place in _typed_places(context):
        names |= {name for run in _newest(place) for name in _metrics(run)}
    return [name for name in sorted(names) if name.startswith(incomplete)]


def complete_sweep(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of the sweeps of the work_dirs typed before, the newest first."""
    from stride.sweeps.following.found import sweep_names

    names = [name for place in _typed_places(context) for name in sweep_names(place)]
    return [name for name in names if name.startswith(incomplete)]


def complete_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names that a query knows, for the last of several behind commas."""
    from stride.runs.where.names import FIELDS
    from stride_cli.completing.keys import names

    end = incomplete.rfind(",") + 1
    before, begun = incomplete[:end], incomplete[end:]
    known = [*FIELDS, *(name for name, _ in names([])), *complete_metric(context, begun)]
    return [f"{before}{name}" for name in dict.fromkeys(known) if name.startswith(begun)]


def _typed_places(context: typer.Context) -> list[Path]:
    given = [context.params.get(name) for name in ("work_dir", "work_dirs", "run", "runs")]
    listed = [one if isinstance(one, list | tuple) else [one] for one in given if one]
    left = [text for text in context.args if not text.startswith("-")]  # before `-m` without NAME
    return [Path(str(text)) for texts in [*listed, left] for text in texts]


def _newest(place: Path) -> list[Path]:
    if _is_run(place):
        return [place]
    runs = [place / name for name in _folders(place) if _is_run(place / name)]
    return sorted(runs, key=lambda run: run.stat().st_mtime, reverse=True)[:LOOKED_AT]


def _beside(place: Path) -> list[Path]:
    """Return the newest runs of a work_dir, or of that of a run."""
    return _newest(place.parent if _is_run(place) else place)


def _tags(run: Path) -> list[str]:
    from stride.runs.tags.tags_json import known_tags

    return list(known_tags(run).tags)


def _metrics(run: Path) -> Iterator[str]:
    import json

    from stride.runs.layout import RunPaths

    try:
        status = json.loads(RunPaths(run).status.read_text("utf-8"))
        for group in (status.get("metrics") or {}).values():
            yield from (name for name in group if name not in PLACE)
    except (OSError, ValueError, AttributeError):  # a broken record has no names to offer
        return


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_dir() and entry.name[0] != "."]
    except OSError:
        return []
    return sorted(names, key=lambda name: (not name.isdecimal(), name.zfill(12)))


def _is_run(folder: Path) -> bool:
    from stride.runs.layout import RunPaths

    return os.path.lexists(RunPaths(folder).status)
