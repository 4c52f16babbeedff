"""Write the overview of one reconstruction run."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from stride.benchmark.overview import run_tables
from stride.benchmark.overview.gallery import gallery, write_overview
from stride.benchmark.overview.recorded import Recorded, read_recorded
from stride.benchmark.overview.run_pictures import run_pictures
from stride.pages.page import escaped, panel, section
from stride.runs.layout import OverviewPaths, RunPaths
from stride.runs.tags.tags_json import known_tags

_UNDEFINED = "There are no labels of both classes in {}: no measure of detection is defined there."


def write_run_overview(folder: Path) -> Path:
    """Draw what a reconstruction run has recorded, and write the page that holds it all.

    A run that is being trained is drawn as far as it has come. Every file is replaced whole, and
    what is not the overview's own stays as it is.

    Args:
        folder: of the run.

    Returns:
        The page, `overview/overview.html` in the run's folder; pictures lie beside it.

    Raises:
        RunError: it is not a run of a reconstruction, has not come to its end, or a file of it is
            broken; says what to type.
        MissingExtra: matplotlib is not installed.
    """
    recorded = read_recorded(folder)
    return write_overview(_paths(recorded), _name(recorded), _body(recorded))


def _paths(recorded: Recorded) -> OverviewPaths:
    return RunPaths(recorded.run.path).overview


def _name(recorded: Recorded) -> str:
    folder = recorded.run.paths.path
    return f"{folder.parent.name}/{folder.name}"


def _body(recorded: Recorded) -> Iterator[str]:
    yield f"<header><h1>Reconstruction {escaped(_name(recorded))}</h1>"
    yield f'<p class="soft">{escaped(run_tables.head_line(recorded))}</p>'
    tags, note = known_tags(recorded.run.paths.path)
    yield from (f"<p>{escaped(line)}</p>" for line in (" ".join(tags), note) if line)
    yield "</header>"
    for caution in run_tables.cautions(recorded):
        yield f'<p class="warning" role="note">{escaped(caution)}</p>'
    yield from section("Results", _results(recorded))
    yield from section("Pictures", gallery(_paths(recorded), run_pictures(recorded)))
    yield from section("Settings", _settings(recorded))


def _results(recorded: Recorded) -> Iterator[str]:
    if recorded.splits:
        yield panel(run_tables.errors_table(recorded), "errors of the final model")
    tables = [*run_tables.detection_tables(recorded)]
    for name, table in tables:
        yield f"<h3>Detection: {escaped(name)}</h3>{panel(table, f'detection, {name}')}"
    measured = {name.partition(",")[0] for name, _ in tables}
    if others := [split for split in recorded.splits if split not in measured]:
        yield f"<p>{escaped(_UNDEFINED.format(', '.join(others)))}</p>"


def _settings(recorded: Recorded) -> Iterator[str]:
    yield panel(run_tables.settings_table(recorded), "settings that are not the defaults")
    if command := recorded.run.provenance.get("command"):
        shown = escaped(shlex.join(map(str, command)))
        yield f'<p class="soft">The command:</p><pre tabindex="0">{shown}</pre>'
    config = escaped(json.dumps(recorded.run.raw_config, indent=2, ensure_ascii=False))
    yield f'<details><summary>The whole config</summary><pre tabindex="0">{config}</pre></details>'
    yield '<p class="soft">Each picture lies beside this page, as PNG and PDF.</p>'
