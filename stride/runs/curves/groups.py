"""Group runs into the lines of a plot, and name each line by what tells it from the others."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from stride.errors import UserError
from stride.runs.deciding.alike import whole_settings
from stride.runs.deciding.comparison import mode_of
from stride.runs.deciding.configurations import LeftOut, group
from stride.runs.deciding.settings import differing, named, short_names, text
from stride.runs.listing.facts import Facts
from stride.runs.where.names import Field, Names
from stride.stats.moments import mean
from stride.tables.words import setting

RUN = "run"
"""The name by which each run is a line of its own."""

_LONGEST = 48  # letters of a label
_NAMED = 3  # runs that a note names


class Group(NamedTuple):
    """Hold the runs of which a line is the mean.

    Attributes:
        label: what tells it from the others.
        runs: one at least.
    """

    label: str
    runs: Sequence[Facts]


class Grouped(NamedTuple):
    """Hold all lines, and what is to be told beside them.

    Attributes:
        groups: the lines.
        notes: sentences on the runs that are left out.
    """

    groups: Sequence[Group]
    notes: Sequence[str]


def by_configuration(runs: Sequence[Facts]) -> Grouped:
    """Group runs that differ by their seed alone; of two that differ by nothing the newer counts.

    What `stride stats` groups is grouped here.
    """
    study, names = group(runs), _run_names(runs)
    groups = []
    for one in study.configurations:
        members = [*one.runs.values()]
        name = names[members[0].row.path] if len(members) == 1 else ""
        groups.append(Group(f"{name} {one.name}".strip(), members))
    again = [left for one in study.configurations for left in one.again]
    return Grouped(groups, [*_left_out([*study.left_out, *again])])


def by_run(runs: Sequence[Facts]) -> Grouped:
    """Make a line of each run that can be read."""
    broken = [LeftOut(facts, facts.row.broken) for facts in runs if facts.row.broken is not None]
    whole = [facts for facts in runs if facts.row.broken is None]
    names, settings = _run_names(whole), [whole_settings(facts, ()) for facts in whole]
    keys = differing(settings) if len(whole) > 1 else []
    keys = [key for key in keys if not all(facts.is_derived(key) for facts in whole)]
    short = short_names(keys, {key for one in settings for key in one})
    groups = []
    for facts, own in zip(whole, settings, strict=True):
        told = named({key: own[key] for key in keys if key in own}, short)
        groups.append(Group(f"{names[facts.row.path]} {told}".strip(), [facts]))
    return Grouped(groups, [*_left_out(broken)])


def by_keys(runs: Sequence[Facts], keys: Sequence[str]) -> Grouped:
    """Group runs by what they have for some keys of the config, or other facts.

    Args:
        runs: the runs.
        keys: as `--where` knows them, but metrics.

    Raises:
        UserError: there is no such key, it may mean several, or is a metric.
    """
    names = Names(
        (key for facts in runs for key in facts.config),
        (name for facts in runs for name in facts.metrics),
    )
    fields = [_field(names, key) for key in keys]
    found: dict[str, Group] = {}
    for facts in runs:
        values = [facts.value(field) for field in fields]
        pairs = zip(keys, values, strict=True)
        label = ", ".join(f"{key}={'-' if one is None else setting(one)}" for key, one in pairs)
        runs_of = found.setdefault(text(values), Group(label, [])).runs
        found[text(values)] = Group(label, [*runs_of, facts])
    return Grouped([*found.values()], [])


def _field(names: Names, key: str) -> Field:
    field = names.find(key)
    if field.source == "metric":
        raise UserError(f"{key} is a metric", hint="give keys of the config, as lr or model")
    return field


def best_first(groups: Sequence[Group], metric: str) -> list[Group]:
    """Return groups by the mean of their best values of a metric, those without any last.

    Where it is not known which way is better they stay in their order.
    """
    mode = mode_of(metric, [facts for one in groups for facts in one.runs])
    sign = {"max": -1.0, "min": 1.0}.get(mode or "", 0.0)
    scores = [sign * _score(one, metric) for one in groups]
    order = sorted(range(len(groups)), key=lambda at: (math.isnan(scores[at]), scores[at]))
    return [groups[at] for at in order]


def _score(group: Group, metric: str) -> float:
    found = [facts.metrics.get(metric, math.nan) for facts in group.runs]
    return mean([value for value in found if math.isfinite(value)])


def labelled(groups: Sequence[Group]) -> list[Group]:
    """Return groups with labels that are short, differ, and tell of how many runs a line is."""
    labels = [_shortened(one) for one in groups]
    counts = Counter(labels)
    return [
        Group(label if counts[label] == 1 else f"{label} #{at}", one.runs)
        for at, (label, one) in enumerate(zip(labels, groups, strict=True), 1)
    ]


def _shortened(group: Group) -> str:
    label = group.label
    label = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
    if len(group.runs) == 1:
        return label or group.runs[0].row.name
    return f"{label} ({len(group.runs)} runs)" if label else f"{len(group.runs)} runs"


def _run_names(runs: Iterable[Facts]) -> dict[Path, str]:
    """Return what each run is called: with its work_dir where there are several."""
    paths = [facts.row.path for facts in runs]
    several = len({path.parent for path in paths}) > 1
    return {path: str(path) if several else path.name for path in paths}


def _left_out(left_out: Sequence[LeftOut]) -> Iterator[str]:
    """Yield a sentence on the runs that no line shows, nothing where there are none."""
    if left_out:
        told = [f"{one.facts.row.path} ({one.why})" for one in left_out[:_NAMED]]
        more = len(left_out) - _NAMED
        yield f"left out: {', '.join(told)}" + (f" and {more} more" if more > 0 else "")
