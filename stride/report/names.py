"""Name configurations so that a person can read them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from stride.runs.deciding.configurations import Configuration
from stride.runs.deciding.settings import named, short_names
from stride.tables.words import number


def readable(found: Sequence[Configuration]) -> list[Configuration]:
    """Return configurations named by what somebody has set, numbers with four digits.

    Where that does not tell them apart they keep their names.
    """
    runs = [facts for one in found for facts in one.runs.values()]
    keys = dict.fromkeys(key for one in found for key in one.settings)
    own = [key for key in keys if not all(facts.is_derived(key) for facts in runs)]
    short = short_names(own, keys.keys() | {key for facts in runs for key in facts.config})
    values = [{key: one.settings[key] for key in own if key in one.settings} for one in found]
    names = [named(rounded(one), short) for one in values]
    if len({*names}) < len(names):
        return [*found]
    return [replace(one, name=name) for one, name in zip(found, names, strict=True)]


def rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Return values whose numbers have four digits."""
    return {k: float(number(v)) if isinstance(v, float) else v for k, v in values.items()}
