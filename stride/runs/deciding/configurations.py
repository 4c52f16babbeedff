"""Group runs that differ by their seed alone, or by other keys over which they are repeated."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stride.runs.deciding.alike import alike, following
from stride.runs.deciding.settings import SEED, differing, named, short_names, text
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import Facts
from stride.runs.provenance.start_state import never_began
from stride.tables.words import setting

DONE = "done"

Repeat = tuple[Any, ...]
"""The values, of a run, of the keys over which it is repeated."""


class LeftOut(NamedTuple):
    """Hold a run that counts for nothing, and why."""

    facts: Facts
    why: str


@dataclass(frozen=True)
class Configuration:
    """Hold the runs that are alike but for the keys over which they are repeated.

    Attributes:
        name: the settings in which it differs from the others.
        settings: the same by dotted key.
        runs: the run that counts of each repetition: the newest that is done, else the newest.
        again: older runs of the same repetition, which count no more.
    """

    name: str
    settings: Mapping[str, Any]
    runs: Mapping[Repeat, Facts]
    again: Sequence[LeftOut] = field(default=())


@dataclass(frozen=True)
class Study:
    """Hold the configurations of some runs.

    Attributes:
        over: dotted keys over which runs are repeated.
        tasks: how many of them, the last ones, tell what a run is trained on.
        configurations: the one that was begun first comes first.
        left_out: runs of no configuration: broken ones, reproductions, those without a config or
            ended before they began.
    """

    over: tuple[str, ...]
    configurations: Sequence[Configuration]
    left_out: Sequence[LeftOut]
    tasks: int = 0

    @property
    def repeats(self) -> list[Repeat]:
        """Return every repetition that any configuration has, in ascending order."""
        found = {one for each in self.configurations for one in each.runs}
        return sorted(found, key=lambda repeat: [_order(value) for value in repeat])

    def keys(self) -> list[str]:
        """Return how a person calls the keys in which repetitions differ: `seed`."""
        return [*short_names(self.over, self.over).values()]

    def label(self, repeat: Repeat) -> str:
        """Return how a person calls a repetition: `seed 3`."""
        short = short_names(self.over, self.over)
        pairs = zip(self.over, repeat, strict=True)
        return ", ".join(f"{short[key]} {setting(value)}" for key, value in pairs)


def group(runs: Iterable[Facts], over: Sequence[str] = (SEED,), tasks: Sequence[str] = ()) -> Study:
    """Group runs into configurations.

    Args:
        runs: in any order.
        over: dotted keys in which the runs of a configuration differ.
        tasks: further such keys, which tell what a run is trained on; data may differ with them,
            and what nobody has set, as the sizes of a network that follow from it.
    """
    over = (*over, *tasks)
    in_order = sorted(runs, key=lambda facts: facts.row.created)
    reasons = [_reason(facts) for facts in in_order]
    pairs = [*zip(in_order, reasons, strict=True)]
    counted = [facts for facts, why in pairs if not why]
    found = alike(counted, {*over, *following(counted)} if tasks else over)
    keys = differing([one.settings for one in found])
    known = {key for one in found for key in one.settings}  # and those in which none differ:
    short = short_names(keys, known.union(*(one.runs[0].config for one in found[:1])))
    of_config = {key for key in keys if any(key in facts.config for facts in counted)}
    derived = {key for key in of_config if all(facts.is_derived(key) for facts in counted)}
    settings = [{key: one.settings[key] for key in keys if key in one.settings} for one in found]
    configurations = [
        Configuration(name, own, *newest_by_repeat(one.runs, over))
        for name, own, one in zip(_names(settings, short, derived), settings, found, strict=True)
    ]
    left_out = [LeftOut(facts, why) for facts, why in pairs if why]
    return Study(over, configurations, left_out, len(tasks))


def _names(
    settings: Sequence[Mapping[str, Any]], short: Mapping[str, str], derived: Collection[str]
) -> list[str]:
    """Return the names of configurations, by what somebody has set where that tells them apart."""
    own = [{key: one[key] for key in one if key not in derived} for one in settings]
    names = [named(one, short) for one in own]
    return names if len({*names}) == len(names) else [named(one, short) for one in settings]


def _reason(facts: Facts) -> str:
    """Return why a run belongs to no configuration, nothing where it does."""
    if facts.row.broken is not None:
        return f"broken: {facts.row.broken}"
    if facts.config_error is not None:
        error = facts.config_error
        return f"broken: {error}" if error else f"{facts.row.state}, without a config as yet"
    if facts.row.state != DONE and never_began(RunPaths(facts.row.path)):
        return f"{facts.row.state}, without all that it begins from"
    parent = facts.parent
    if parent is not None and parent["relation"] == "reproduction":
        return f"a reproduction of {parent['run']}"
    return ""


def newest_by_repeat(
    members: Iterable[Facts], over: Sequence[str]
) -> tuple[dict[Repeat, Facts], list[LeftOut]]:
    """Return which of some runs counts of each repetition, and those that do not.

    Args:
        members: in the order in which they were made.
        over: keys over which they are repeated.
    """
    runs: dict[str, tuple[Repeat, Facts]] = {}
    again = []
    for facts in members:
        repeat = tuple(facts.config.get(key) for key in over)
        before = runs.get(text(repeat))
        if before is None or _counts_more(facts, before[1]):
            runs[text(repeat)] = (repeat, facts)
        if before is not None:
            counted = runs[text(repeat)][1]
            other = before[1] if counted is facts else facts
            again.append(LeftOut(other, f"{counted.row.path} counts, which is the same"))
    return {_hashable(repeat): facts for repeat, facts in runs.values()}, again


def _counts_more(newer: Facts, older: Facts) -> bool:
    return newer.row.state == DONE or older.row.state != DONE


def _hashable(repeat: Repeat) -> Repeat:
    return tuple(text(value) if isinstance(value, list | dict) else value for value in repeat)


def _order(value: Any) -> tuple[int, Any]:
    """Return a key by which values of any kind have an order."""
    return (0, value) if isinstance(value, int | float) else (1, str(value))
