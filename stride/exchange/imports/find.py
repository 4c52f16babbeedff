"""Find the runs of other tools below a path, by looking at the files that are there."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from stride.errors import RunError, UserError, nearest
from stride.exchange.imports.lightning import HPARAMS, METRICS, is_lightning, read_lightning
from stride.exchange.imports.source import Place, SourceRun
from stride.exchange.imports.tensorboard import read_tensorboard
from stride.exchange.imports.wandb import read_wandb
from stride.runs.files.durable import os_errors_as
from stride.runs.layout import RunPaths
from stride.runs.provenance.imported import TOOLS
from stride.visible import quoted

READERS: Mapping[str, Callable[[Place], SourceRun]] = {
    "tensorboard": read_tensorboard,
    "lightning": read_lightning,
    "wandb": read_wandb,
}
"""What reads a run of each tool."""

_EVENTS = "tfevents"


def find_places(source: Path, tool: str | None = None) -> list[Place]:
    """Return the runs below a path, in the order of their names.

    Links are not followed: W&B has one to its latest run. A run of STRIDE is not looked into.

    Args:
        source: a folder of one run or of many, or one file.
        tool: only its runs.

    Raises:
        RunError: there are none, or files of two tools are in one folder and neither was named.
        UserError: there is no such tool.
    """
    if tool is not None and tool not in READERS:
        hint = nearest(tool, READERS) or f"type one of {', '.join(READERS)}"
        raise UserError(f"{tool!r} is not a tool that runs are imported from", hint=hint)
    if not os.path.lexists(source):
        raise RunError("there is nothing here", where=str(source))
    with os_errors_as("cannot read", source, RunError):
        is_run = RunPaths(source).status.exists()
    found = [one for folder in _folders(source) for one in _in_folder(*folder, source)]
    found = [one for one in found if tool in (None, one.tool)]
    if not found:
        raise _nothing(source, tool, is_run=is_run)
    _require_one_tool(found, source)
    return found


def _folders(source: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield each folder with the names of its files; of a file its folder, and it alone."""
    if not source.is_dir():
        yield source.parent, [source.name]
        return
    for root, folders, files in os.walk(source):
        folders.sort()
        if RunPaths(Path(root)).status.name in files:
            folders.clear()
        else:
            yield Path(root), sorted(files)


def _in_folder(folder: Path, files: Sequence[str], source: Path) -> Iterator[Place]:
    """Yield the runs whose files are in a folder itself."""
    regular = [folder / name for name in files if (folder / name).is_file()]
    name = _name(folder, source)
    hparams = [path for path in regular if path.name == HPARAMS]
    events = [path for path in regular if _EVENTS in path.name]
    if events:
        yield Place("tensorboard", folder if source.is_dir() else source, name, events + hparams)
    metrics = [path for path in regular if path.name == METRICS and is_lightning(path)]
    if metrics:
        beside = folder / HPARAMS  # a metrics.csv may be named itself
        hparams = [beside] if beside.is_file() else []
        yield Place("lightning", folder, name, metrics + hparams)
    for path in regular:
        if path.suffix == ".wandb":
            yield Place("wandb", path, path.stem.removeprefix("run-"), [path])


def _name(folder: Path, source: Path) -> str:
    """Return what a run is called: its folder below the source, or the source's own name."""
    below = os.path.relpath(folder, source) if source.is_dir() else os.curdir
    own = Path(os.path.abspath(source)).name if source.is_dir() else source.name
    return own if below == os.curdir else Path(own, below).as_posix()


def _require_one_tool(found: Sequence[Place], source: Path) -> None:
    folders: dict[Path, str] = {}
    for one in found:
        if folders.setdefault(one.files[0].parent, one.tool) != one.tool:
            tools = [folders[one.files[0].parent], one.tool]
            raise RunError(
                f"{' and '.join(TOOLS[tool] for tool in tools)} have both written here",
                where=str(one.files[0].parent),
                hint=f"type: stride import {quoted(source)} --from {tools[0]}, or {tools[1]}",
            )


def _nothing(source: Path, tool: str | None, *, is_run: bool) -> RunError:
    if is_run:
        hint = f"type: stride ls {quoted(source.parent)}"
        return RunError("this is a run of STRIDE already", where=str(source), hint=hint)
    of = "TensorBoard, Lightning's CSV logger or W&B" if tool is None else TOOLS[tool]
    hint = "name the folder with events.out.tfevents.*, metrics.csv or run-*.wandb"
    return RunError(f"no run of {of} is here", where=str(source), hint=hint)
