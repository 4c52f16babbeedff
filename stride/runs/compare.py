"""Compare runs: which config keys differ, and what the runs reached."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, final

from stride.config.values import flatten
from stride.errors import RunError
from stride.runs.provenance.imported import is_of_another_tool
from stride.runs.run import Run

PLACE = frozenset({"work_dir", "run"})
"""Keys that say where a run lies, which is not a setting."""
_SPLITS = ("best", "last", "test")


@final
class Absent:
    """Stand for a key that a run does not have; its JSON `null` would be a value."""

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent()


class Comparison(NamedTuple):
    """Hold runs side by side; each list has one value for each run, in their order.

    Attributes:
        runs: names of the runs.
        config: dotted config key -> values, only of keys that differ.
        metrics: `best.<name>`, `last.<name>` and `test/<name>` -> values.
    """

    runs: list[str]
    config: dict[str, list[Any]]
    metrics: dict[str, list[Any]]


def compare(runs: Sequence[Run]) -> Comparison:
    """Put runs side by side: the config keys that differ, and all metrics.

    Raises:
        RunError: a config is missing or broken. Missing results are not an error.
    """
    config = _side_by_side([_settings(run) for run in runs])
    metrics = _side_by_side([metrics_of(run) for run in runs])
    return Comparison([run.name for run in runs], _differing(config), metrics)


def diff(first: Run, second: Run) -> Comparison:
    """Return the config keys and the metrics in which two runs differ."""
    both = compare([first, second])
    return both._replace(metrics=_differing(both.metrics))


def metrics_of(run: Run) -> dict[str, float]:
    """Return `best.<name>`, `last.<name>` and `test/<name>` of a run -> value."""
    try:
        results = run.results
    except RunError:  # a run that goes on, or was cut off, is compared by what it reached
        return {f"last.{name}": value for name, value in run.row().last.items()}
    splits = {split: results.get(split) for split in _SPLITS}
    return {
        (name if name.startswith(f"{split}/") else f"{split}.{name}"): value
        for split, values in splits.items()
        if isinstance(values, Mapping)
        for name, value in values.items()
    }


def differing_settings(configs: Sequence[Mapping[str, Any] | None]) -> dict[str, list[Any]]:
    """Return the keys of flat configs in which runs differ -> a value for each run, or ABSENT.

    What another tool has recorded lacks the hundred keys of STRIDE's own config: those count where
    STRIDE's runs differ, and beside such runs all that the others have.

    Args:
        configs: of the runs; None for a run that has none, which differs in nothing.
    """
    there = [config for config in configs if config is not None]
    own = [config for config in there if not is_of_another_tool(config)]
    others = [key for config in there if is_of_another_tool(config) for key in config]
    table = _side_by_side(there)
    known = dict.fromkeys([*_differing(_side_by_side(own)), *others])
    found = _differing({key: table[key] for key in known})
    return {
        key: [ABSENT if one is None else one.get(key, ABSENT) for one in configs]
        for key in found
        if key not in PLACE
    }


def _settings(run: Run) -> dict[str, Any]:
    return dict(flatten({k: value for k, value in run.raw_config.items() if k not in PLACE}))


def _side_by_side(columns: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    keys = dict.fromkeys(key for column in columns for key in column)
    return {key: [column.get(key, ABSENT) for column in columns] for key in keys}


def _differing(table: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {key: values for key, values in table.items() if len(set(map(_text, values))) > 1}


def _text(value: Any) -> str:
    """Return a text that is equal for equal values; 1 and true differ, NaN and NaN do not."""
    return repr(value) if value is ABSENT else json.dumps(value, sort_keys=True)
