"""`stride import`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride_cli.output import print_json, print_path, tell

if TYPE_CHECKING:
    from stride.exchange.imports.source import Place
    from stride.runs.work_dir import WorkDir


def run(
    sources: Sequence[str],
    work_dir: str,
    tool: str | None,
    *,
    name: str | None,
    monitor: str | None,
    mode: str | None,
    again: bool,
    json: bool,
) -> None:
    """Import every run that is found, and print the folders of those that are there now.

    Raises:
        UserError: nothing is found, or some could not be imported; the others are there then.
    """
    from stride.errors import UserError
    from stride.exchange.imports.digest import imported_before
    from stride.exchange.imports.find import find_places
    from stride.runs.work_dir import WorkDir

    places = [place for source in sources for place in find_places(Path(source), tool)]
    if name is not None and len(places) != 1:
        raise UserError(f"--run is the name of one run, and {len(places)} are here")
    if mode not in (None, "min", "max") or (mode and monitor is None):
        raise UserError("--mode is min or max, of a --monitor", hint="type: --monitor NAME")
    target, options = WorkDir(work_dir), {"run": name, "monitor": monitor, "mode": mode}
    target.check_name(name)
    there = {} if again else imported_before(target)
    answers: list[dict[str, Any]] = []
    failed: list[UserError] = []
    for place in places:
        try:
            answers.append(_import(place, target, there, **options))
        except UserError as error:
            failed.append(error)
            if len(places) > 1:
                tell(f"not imported: {error}")
        else:
            _print(answers[-1], json=json)
    if json:
        print_json(answers)
    if len(places) == 1 and failed:
        raise failed[0]
    if failed:
        raise UserError(f"{len(failed)} of {len(places)} runs were not imported")


def _import(
    place: "Place", target: "WorkDir", there: dict[str, Path], **options: Any
) -> dict[str, Any]:
    """Import a run unless it is there, and return what is told of it.

    Args:
        place: the run.
        target: where it goes.
        there: the runs that are there, by the digests of their sources; the new one is added.
        options: of `import_run`.
    """
    from stride.exchange.imports.digest import source_digest
    from stride.exchange.imports.import_run import import_run

    digest = source_digest(place.files)
    if path := there.get(digest):
        tell(f"{place.path} is there already, as {path}; --again imports it once more")
        return _known(place, path) | {"new": False}
    found = import_run(place, target, digest=digest, **options)
    there[digest] = found.path
    return _known(place, found.path) | {
        "new": True,
        "rows": found.rows,
        "metrics": list(found.metrics),
        "axes": found.record.axes,
        "left_out": found.record.left_out,
    }


def _known(place: "Place", path: Path) -> dict[str, Any]:
    return {"run": path.name, "path": str(path), "tool": place.tool, "source": str(place.path)}


def _print(answer: dict[str, Any], *, json: bool) -> None:
    for text in _sentences(answer):
        tell(text)
    if not json:
        print_path(answer["path"])


def _sentences(answer: dict[str, Any]) -> Iterator[str]:
    if answer["new"]:
        metrics = len(answer["metrics"])
        rows = f"{answer['rows']:,} row{'' if answer['rows'] == 1 else 's'}"
        yield f"{answer['source']}: {rows} of {metrics:,} metric{'' if metrics == 1 else 's'}"
        yield from (f"  left out: {what}" for what in answer["left_out"])
        yield from (f"  {name} goes along {axis}" for name, axis in answer["axes"].items())
