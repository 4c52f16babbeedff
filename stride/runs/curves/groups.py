"""Group runs into the lines of a plot, and name each line by what tells it from the others."""

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stride.errors import UserError
from stride.runs.deciding.alike import whole_settings
from stride.runs.deciding.comparison import mode_of
from stride.runs.deciding.configurations import LeftOut, group
from stride.runs.deciding.settings import differing, named, short_names
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
        name: what it is called; empty where its settings tell it from the others.
        settings: by dotted key, those that may tell it from others.
        runs: one at least.
    """

    name: str
    settings: Mapping[str, Any]
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
        groups.append(Group(name, one.settings, members))
    again = [left for one in study.configurations for left in one.again]
    return Grouped(groups, [*_left_out([*study.left_out, *again])])


def by_run(runs: Sequence[Facts]) -> Grouped:
    """Make a line of each run that can be read."""
    broken = [LeftOut(facts, facts.row.broken) for facts in runs if facts.row.broken is not None]
    whole, names = [facts for facts in runs if facts.row.broken is None], _run_names(runs)
    groups = [Group(names[one.row.path], whole_settings(one, ()), [one]) for one in whole]
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
    members: dict[str, list[Facts]] = {}
    for facts in runs:
        pairs = zip(keys, (facts.value(field) for field in fields), strict=True)
        name = ", ".join(f"{key}={'-' if one is None else setting(one)}" for key, one in pairs)
        members.setdefault(name, []).append(facts)
    return Grouped([Group(name, {}, some) for name, some in members.items()], [])


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


def labels(groups: Sequence[Group]) -> list[str]:
    """Return what each of the groups that are drawn is called: short, and no two alike.

    It says in what a group differs from the others, in what somebody has set as far as that tells
    them apart, and of how many runs it is.
    """
    keys = differing([one.settings for one in groups]) if len(groups) > 1 else []
    runs = [facts for one in groups for facts in one.runs]
    own = [key for key in keys if not all(facts.is_derived(key) for facts in runs)]
    known = {*keys}.union(*(one.runs[0].config for one in groups))
    for some in (own, keys):
        found = [_label(one, short_names(some, known)) for one in groups]
        if len({*found}) == len(found):
            return found
    counts = Counter(found)
    return [one if counts[one] == 1 else f"{one} #{at}" for at, one in enumerate(found, 1)]


def _label(group: Group, short: Mapping[str, str]) -> str:
    told = {key: group.settings[key] for key in short if key in group.settings}
    label = f"{group.name} {named(told, short)}".strip()
    label = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
    count = len(group.runs)
    if count == 1:
        return label
    return f"{label} ({count} runs)" if label else f"{count} runs"


def _run_names(runs: Iterable[Facts]) -> dict[Path, str]:
    """Return what each run is called: with its work_dir where there are several."""
    paths = [facts.row.path for facts in runs]
    if len({path.parent for path in paths}) < 2:
        return {path: path.name for path in paths}
    common = os.path.commonpath(map(os.path.abspath, paths))
    return {path: os.path.relpath(path, common) for path in paths}


def _left_out(left_out: Sequence[LeftOut]) -> Iterator[str]:
    """Yield a sentence on the runs that no line shows, nothing where there are none."""
    if left_out:
        told = [f"{one.facts.row.path} ({one.why})" for one in left_out[:_NAMED]]
        more = len(left_out) - _NAMED
        yield f"left out: {', '.join(told)}" + (f" and {more} more" if more > 0 else "")
