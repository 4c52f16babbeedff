"""Say of runs which model and which data set they are of, and what a table calls these."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from stride.config.places import is_place
from stride.runs.deciding.settings import (
    CHECKPOINT,
    DATA,
    PARENT,
    differing,
    named,
    short_names,
    text,
)
from stride.runs.listing.facts import Facts

BESIDE = frozenset({DATA, PARENT, CHECKPOINT})
"""Settings that are no keys of a config."""

_SECTION = "dataset_kwargs."


@dataclass(frozen=True)
class Axis:
    """One of the two directions of a table.

    Attributes:
        part: of a trial that has a title: `model` or `dataset`.
        name_key: of the config, which names its constructor.
    """

    part: str
    name_key: str

    def holds(self, key: str) -> bool:
        """Tell whether a setting belongs to it: a data set has its section, a model the rest."""
        return (key.startswith(_SECTION) or key == DATA) == (self is DATASETS)


MODELS = Axis("model", "model_kwargs.model_name")
DATASETS = Axis("dataset", "dataset_kwargs.dataset_name")


class Place(NamedTuple):
    """Hold what of some runs belongs to an axis.

    Attributes:
        name: of the constructor.
        settings: by dotted key, of those that differ among all runs.
        runs: that have these.
    """

    name: str
    settings: Mapping[str, Any]
    runs: Sequence[Facts]

    @classmethod
    def of(cls, axis: Axis, settings: Mapping[str, Any], runs: Sequence[Facts]) -> "Place":
        """Return the place of runs that are alike in all settings."""
        own = {key: one for key, one in settings.items() if axis.holds(key)}
        own.pop(axis.name_key, None)
        return cls(str(runs[0].config.get(axis.name_key)), own, runs)

    def is_derived(self, key: str) -> bool:
        """Tell whether a setting was given to none of the runs."""
        return key not in BESIDE and all(run.is_derived(key) for run in self.runs)

    @property
    def is_whole(self) -> bool:
        """Tell whether the config of its runs is complete."""
        return all(run.is_prepared for run in self.runs)

    @property
    def given(self) -> str:
        """Return a text that is equal for places which were given the same."""
        keys = {key for key in self.settings if key not in BESIDE and not self.is_derived(key)}
        return text([self.name, {key: self.settings[key] for key in keys}])

    @property
    def key(self) -> str:
        """Return a text that is equal for equal places."""
        return text([self.name, self.settings])


def joined(places: Sequence[Place]) -> list[Place]:
    """Return places, those of runs that failed at their start where others given the same are."""
    whole: dict[str, Mapping[str, Any]] = {}
    for one in places:
        if one.is_whole:
            whole.setdefault(one.given, one.settings)
    return [
        one if one.is_whole else one._replace(settings=whole.get(one.given, one.settings))
        for one in places
    ]


def titles(axis: Axis, places: Iterable[Place]) -> dict[str, str]:
    """Return what a table calls the places on an axis, by their keys, in their order.

    It is the title that the newest run was given which has one; else the name, and the settings
    that tell it from others of that name.
    """
    members: dict[str, list[Place]] = {}
    for one in places:
        members.setdefault(one.key, []).append(one)
    told = _told([some[0] for some in members.values()])
    given = {key: _given(axis, some) for key, some in members.items()}
    return _numbered({key: one or told[key] for key, one in given.items()})


def _given(axis: Axis, places: Iterable[Place]) -> str:
    runs = [run for place in places for run in place.runs if axis.part in run.titles]
    newest = max(runs, key=lambda run: run.row.created, default=None)
    return "" if newest is None else str(newest.titles[axis.part])


def _told(places: Sequence[Place]) -> dict[str, str]:
    """Return name and settings of each: those it was given, where these tell it from the others."""
    short = {one.key: _by_settings(one, places, whole=False) for one in places}
    if len({*short.values()}) == len(short):
        return short
    return {one.key: _by_settings(one, places, whole=True) for one in places}


def _by_settings(one: Place, places: Sequence[Place], *, whole: bool) -> str:
    same = [other.settings for other in places if other.name == one.name]
    keys = [key for key in differing(same) if key in one.settings]
    keys = [key for key in keys if whole or not one.is_derived(key)]
    values = {key: one.settings[key] if whole else _last_part(key, one) for key in keys}
    known = {*one.settings, *one.runs[0].config}
    return f"{one.name} {named(values, short_names(keys, known))}".rstrip()


def _numbered(found: Mapping[str, str]) -> dict[str, str]:
    """Return texts such that no two are equal."""
    counts = Counter[str]()
    numbered = {}
    for key, one in found.items():
        counts[one] += 1
        numbered[key] = one if counts[one] == 1 else f"{one} ({counts[one]})"
    return numbered


def _last_part(key: str, one: Place) -> Any:
    """Return the value of a setting, of a path what it leads to."""
    value = one.settings[key]
    is_path = key.startswith(_SECTION) and is_place(key) and isinstance(value, str)
    return os.path.basename(os.path.normpath(value)) if is_path else value
