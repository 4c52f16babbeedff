"""Tell which settings make a configuration, and name configurations by those that differ."""

import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from stride.tables.words import setting

SEED = "seed"
MODEL_SEED = "model_kwargs.model_seed"
DATA = "data"
"""The data's fingerprint: under the same path there may be other data."""

PARENT = "parent"
CHECKPOINT = "checkpoint"
"""The run from which one was forked, and its checkpoint."""

_WHICH = frozenset({"work_dir", "run"})  # which run it is, of all that are alike
_DISPLAY = "logging_config."  # changes no number
_NAME = "_name"  # ends the key by which a section's constructor is chosen
_SHOWN = 8  # characters of a fingerprint


def settings_of(config: Mapping[str, Any], over: Collection[str] = (SEED,)) -> dict[str, Any]:
    """Return by dotted key what decides a run's numbers, but for the keys it is repeated over.

    Where those hold the seed, seeds of weights are counted from it.

    Args:
        config: complete, by dotted key.
        over: dotted keys in which repetitions differ.
    """
    kept = {
        key: value
        for key, value in config.items()
        if key not in _WHICH and key not in over and not key.startswith(_DISPLAY)
    }
    seed = config.get(SEED)
    if SEED in over and isinstance(seed, int):
        kept |= {
            k: counted_from(seed, k, v) for k, v in kept.items() if k.startswith("model_kwargs.")
        }
    return kept


def counted_from(seed: int, key: str, value: Any) -> Any:
    """Return a value of `model_kwargs` in which seeds of weights are counted from this one.

    Args:
        seed: that is taken off each.
        key: of the value.
        value: which may be nested.
    """
    if isinstance(value, list):
        return [counted_from(seed, key, one) for one in value]
    if isinstance(value, Mapping):
        return {name: counted_from(seed, f".{name}", one) for name, one in value.items()}
    is_seed = key.rpartition(".")[2] == MODEL_SEED.rpartition(".")[2]
    return value - seed if is_seed and isinstance(value, int) else value


def text(value: Any) -> str:
    """Return a text that is equal for equal values."""
    return json.dumps(value, sort_keys=True, default=str)


def differing(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the keys in which some of these differ, in the order of the config.

    A constructor's own keys are told where they differ under one name of it: with another network
    all keys are others. So is the checkpoint of forks of one run, and the data where all else is
    the same.
    """
    keys = dict.fromkeys(key for one in settings for key in one)
    found = [key for key in keys if key != DATA and _varies(key, settings)]
    sections = {key.rpartition(".")[0]: key for key in found if key.endswith(_NAME)}
    sections[CHECKPOINT] = PARENT
    kept = [key for key in found if _varies_within(key, sections.get(_section(key)), settings)]
    rest = {text([one.get(key) for key in kept]) for one in settings}
    whole = {text([one.get(key) for key in (*kept, DATA)]) for one in settings}
    return [*kept, *([DATA] if len(whole) > len(rest) else [])]


def _section(key: str) -> str:
    return key.partition(".")[0]


def _varies(key: str, settings: Iterable[Mapping[str, Any]]) -> bool:
    return len({text(one[key]) if key in one else "" for one in settings}) > 1


def _varies_within(key: str, name: str | None, settings: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a key differs among those in which another one is the same."""
    if name is None or key == name:
        return True
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for one in settings:
        by_name.setdefault(text(one.get(name)), []).append(one)
    return any(_varies(key, some) for some in by_name.values())


def short_names(keys: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return for each key its last part, where no other of the known keys ends with it.

    Args:
        keys: dotted keys.
        known: all dotted keys that there are.
    """
    ends = Counter(key.rpartition(".")[2] for key in known)
    return {k: end if ends[end := k.rpartition(".")[2]] <= 1 else k for k in keys}


def named(values: Mapping[str, Any], short: Mapping[str, str]) -> str:
    """Return values as one would type them: `lr=0.001 model_name=CNN`."""
    return " ".join(f"{short.get(key, key)}={_typed(key, value)}" for key, value in values.items())


def _typed(key: str, value: Any) -> str:
    if key == DATA and isinstance(value, str):
        return value[:_SHOWN]
    if key == PARENT and isinstance(value, str):
        return os.path.basename(value)
    return setting(value)
