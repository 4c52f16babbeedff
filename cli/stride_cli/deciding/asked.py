"""Read what the commands that decide are asked: keys, metrics, and which way is better."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

SEED = "seed"

if TYPE_CHECKING:
    from stride.runs.listing.facts import Facts
    from stride.runs.listing.selection import Selection
    from stride.runs.where.names import Field
    from stride.stats.paired import Mode


def keys_of(selection: "Selection", over: str | None) -> tuple[str, ...]:
    """Return the keys of the config that are named, by their full names; the seed for none.

    Raises:
        UserError: one is no key, or none is named.
    """
    from stride.errors import UserError

    if over is None:  # which runs of other tools may all lack: then none repeats another
        return (SEED,)
    names = [*filter(None, map(str.strip, over.split(",")))]
    fields = [selection.field(name) for name in names]
    for name, field in zip(names, fields, strict=True):
        if field.source != "config":
            raise UserError(f"{name} is no key of the config", hint="type: --over seed")
    if not fields:
        raise UserError("--over names no key", hint="type: --over seed")
    return tuple(dict.fromkeys(field.key for field in fields))


def metrics_of(
    selection: "Selection", runs: Sequence["Facts"], names: Sequence[str]
) -> list["Field"]:
    """Return the metrics that are named, `*` and `?` standing for any; the monitored ones for none.

    Args:
        selection: knows what a name means.
        runs: those of it that are left.
        names: as typed.

    Raises:
        UserError: a name is none of a metric, or no run monitors one.
    """
    from stride.errors import UserError

    found: dict[Field, None] = {}
    for name in names or _monitored(runs):
        for field in _matching(selection, runs, name):
            if field.source != "metric":
                raise UserError(f"{name} is no metric", hint=f"type: --where '{name} == ...'")
            found[field] = None
    return list(found)


def _matching(selection: "Selection", runs: Sequence["Facts"], name: str) -> list["Field"]:
    from stride.errors import UserError

    if not set("*?") & set(name):
        return [selection.field(name)]
    known = sorted({metric for facts in runs for metric in facts.metrics})
    some = [metric for metric in known if fnmatchcase(metric, name)]
    if not some:
        raise UserError(f"no run here has a metric {name!r}", hint=f"there are {', '.join(known)}")
    return [selection.field(metric) for metric in some]


def _monitored(runs: Sequence["Facts"]) -> list[str]:
    from stride.errors import UserError

    found = dict.fromkeys(facts.row.monitor for facts in runs if facts.row.monitor)
    if not found:
        raise UserError("no run here has recorded a monitored metric", hint="type: --metric NAME")
    return list(found)


def mode_asked(mode: str | None) -> "Mode | None":
    """Return which way is better, as it was typed.

    Raises:
        UserError: it is neither.
    """
    from stride.errors import UserError

    if mode is None or mode == "min" or mode == "max":
        return mode  # type: ignore[return-value]
    raise UserError(f"--mode {mode} is neither min nor max", hint="type: --mode max")
