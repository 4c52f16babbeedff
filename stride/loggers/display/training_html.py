"""Write what is seen of a training as HTML."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from stride.loggers.display import words
from stride.loggers.display.base import Head
from stride.loggers.display.progress import Progress
from stride.loggers.display.recent_epochs import RecentEpochs
from stride.pages.notebook import code, notebook_output, soft, table
from stride.pages.page import escaped, image
from stride.plots.svg import svg
from stride.plots.words import description
from stride.runs.listing.html import state_mark
from stride.runs.status import RESUMABLE, resume_lines

_WARNING = "warning: "
_SIZE = 560, 240  # of the curve


class Training(NamedTuple):
    """Hold what is seen of a training.

    Attributes:
        progress: how far it has come, and what its metrics are.
        state: of the run.
        reason: why it is in that state.
        epochs: those that have ended.
        notes: lines that were told, oldest first.
    """

    progress: Progress
    state: str
    reason: str
    epochs: RecentEpochs
    notes: Sequence[str]


def training_html(shown: Training) -> str:
    """Return a training as one output of a notebook; every text is escaped."""
    return notebook_output(_parts(shown))


def _parts(shown: Training) -> Iterator[str]:
    progress, epochs = shown.progress, shown.epochs.table()
    yield _head(progress.head, shown.state, shown.reason)
    if progress.share is not None:
        yield _bar(progress.share)
    yield f"<p>{escaped(' · '.join(_facts(progress, shown.state)))}</p>"
    if (plot := shown.epochs.plot()) is not None:
        picture = svg(plot, *_SIZE).encode()  # notebooks strip SVG of outputs that are not trusted
        yield image(picture, description(plot), "svg+xml")
    if epochs.rows:
        yield table(epochs)
    yield from map(_note, shown.notes)
    if shown.state in RESUMABLE:
        lines = "<br>".join(map(code, resume_lines(progress.head.folder)))
        yield f"<p>{soft('To go on, or to look at it:')}<br>{lines}</p>"
    else:
        yield f"<p>{code(str(progress.head.folder))}</p>"


def _facts(progress: Progress, state: str) -> Iterator[str]:
    """Yield how far a training has come, how fast, how long it takes yet; what no epoch has."""
    row, stage = progress.row, progress.head.stage()
    yield from filter(
        None, [stage, words.progress(row, progress.total_steps, progress.total_epochs)]
    )
    yield from words.acted(progress.metrics, progress.steps_per_second)
    if progress.steps_per_second:
        yield f"{words.rate(progress.steps_per_second)} steps/s"
    left = progress.seconds_left
    if state == "running" and left is not None:
        yield f"{words.clock(left)} left"
    yield progress.best or "  ".join(words.format_metrics(progress.metrics))


def _head(head: Head, state: str, reason: str) -> str:
    told = [head.network, f"{head.parameters:,} parameters", head.data, head.device, reason]
    mark, said = state_mark(state, escaped(state)), soft(" · ".join(filter(None, told)))
    return f'<p class="head"><b>run {escaped(head.run)}</b> {mark} {said}</p>'


def _bar(share: float) -> str:
    percent = f"{100 * share:.1f}"
    look = f'<div style="width:{percent}%"></div>'
    values = f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}"'
    return f'<div class="bar" role="progressbar" {values}>{look}</div>'


def _note(text: str) -> str:
    """Return a line that was told; a warning has its mark."""
    if text.startswith(_WARNING):
        mark = '<span class="tone warn">warning</span> '
        return f"<p>{mark}{_lines(text.removeprefix(_WARNING))}</p>"
    return f"<p>{_lines(text)}</p>"


def _lines(text: str) -> str:
    return escaped(text).replace("\n", "<br>")
