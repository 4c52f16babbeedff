"""Say what a report is of, when it was made and by what."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from stride.pages.page import escaped
from stride.report.contents import Contents
from stride.tables.words import moment
from stride.version import __version__

_FEW = 5  # work_dirs that are named


def title_of(contents: Contents) -> str:
    """Return what the page is called: by the one run, or by the work_dirs."""
    if len(contents.runs) == 1:
        path = Path(os.path.abspath(contents.runs[0].row.path))
        return f"{path.parent.name}/{path.name}"
    return _listed([os.path.basename(os.path.abspath(place)) for place in contents.work_dirs])


def head(contents: Contents) -> Iterator[str]:
    """Yield the head of the page."""
    yield f"<header><h1>Report: {escaped(title_of(contents))}</h1>"
    yield f"<p>{escaped(_counted(contents))}</p>"
    places = _listed([os.path.abspath(place) for place in contents.work_dirs])
    zone = time.strftime("%z", time.localtime(contents.made))
    made = f"Made {moment(contents.made)} {zone} by STRIDE {__version__} from {places}"
    yield f'<p class="soft">{escaped(made)}</p></header>'


def _counted(contents: Contents) -> str:
    """Return how many runs there are, and in which states."""
    states = Counter(row.state for row in contents.rows)
    number = len(contents.rows)
    return f"{number} run{'' if number == 1 else 's'}: " + ", ".join(
        f"{count} {state}" for state, count in states.most_common()
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more
