"""Find the metrics that are meant, and the one that is drawn where none is named."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import get_args

from stride.config.metrics import RESERVED
from stride.errors import RunError, UserError, nearest
from stride.plots.plot import Along
from stride.runs.curves.read import recorded_names
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import Facts
from stride.runs.where.names import Names
from stride.visible import quoted

_LISTED = 20  # names that an error tells
_LOOKED_AT = 12  # runs whose rows are read for names
_USUAL = ("validation/epoch_loss", "train/epoch_loss", "train/loss")


def metrics_meant(runs: Sequence[Facts], typed: Iterable[str]) -> list[str]:
    """Return the recorded names of metrics.

    Args:
        runs: of which one at least has each.
        typed: whole names, aliases or ends of them, `*` and `?` standing for any; without any the
            metric by which most of the runs choose the best.

    Raises:
        UserError: no run has such a metric, or it may mean several.
        RunError: no run has recorded any.
    """
    known = {name for facts in runs for name in facts.metrics} - RESERVED
    typed = list(typed)
    if not known or not all(_is_known(text, known) for text in typed):
        known = _in_streams(runs)
    if not known:
        raise RunError("no metric is recorded here yet", where=_place(runs), hint=_hint(runs))
    found = [name for text in typed for name in _meant(text, known)]
    return [*dict.fromkeys(found)] or [_usual(runs, known)]


def axis_meant(runs: Sequence[Facts], typed: str) -> str:
    """Return along what curves go: what every row counts, or the recorded name of a metric.

    Raises:
        UserError: there is no such thing.
    """
    counted = get_args(Along)
    if typed in counted:
        return typed
    known = _in_streams(runs)
    with suppress(UserError):
        return Names([], known).find(typed, "last").key
    hint = nearest(typed, [*counted, *known]) or "type step, epoch, time, or a metric beside it"
    raise UserError(f"curves do not go along {typed!r}", hint=hint)


def _meant(text: str, known: Collection[str]) -> list[str]:
    if _is_pattern(text):
        if some := sorted(name for name in known if fnmatchcase(name, text)):
            return some
        raise UserError(f"no run here has a metric {text!r}", hint=_there_are(known))
    try:
        return [Names([], known).find(text, "last").key]
    except UserError as error:
        error.hint = error.hint or _there_are(known)
        raise


def _is_known(text: str, known: Collection[str]) -> bool:
    """Tell whether records alone say what a text means; a pattern may mean what has no curve."""
    with suppress(UserError):
        return not _is_pattern(text) and bool(_meant(text, known))
    return False


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def _in_streams(runs: Iterable[Facts]) -> set[str]:
    """Return the names in the rows of the newest runs, which may be more than records tell."""
    found: set[str] = set()
    for facts in sorted(runs, key=lambda facts: facts.row.created)[-_LOOKED_AT:]:
        with suppress(RunError):
            found |= recorded_names(RunPaths(facts.row.path))
    return found - RESERVED


def _usual(runs: Iterable[Facts], known: Collection[str]) -> str:
    monitors = Counter(facts.row.monitor for facts in runs if facts.row.monitor in known)
    named = [name for name, _ in monitors.most_common(1) if name is not None]
    return next(iter([*named, *(name for name in _USUAL if name in known), *sorted(known)]))


def _there_are(known: Collection[str]) -> str:
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return f"there are {', '.join(sorted(known)[:_LISTED])}{more}"


def _place(runs: Sequence[Facts]) -> str:
    return str(runs[0].row.path) if len(runs) == 1 else ""


def _hint(runs: Sequence[Facts]) -> str:
    return f"type: stride show {quoted(runs[0].row.path)}" if runs else ""
