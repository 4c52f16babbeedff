"""Find out which runs are alike in all settings but those over which they are repeated."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import compress
from operator import ne
from typing import Any, NamedTuple

from stride.config.values import flatten
from stride.runs.deciding.settings import (
    CHECKPOINT,
    DATA,
    MODEL_SEED,
    PARENT,
    SEED,
    settings_of,
    text,
)
from stride.runs.listing.facts import Facts

_ABSENT: Any = object()


class Alike(NamedTuple):
    """Hold runs that are alike.

    Attributes:
        settings: by dotted key, of those that differ among all runs.
        runs: in the order in which they were given.
    """

    settings: dict[str, Any]
    runs: list[Facts]


def alike(runs: Sequence[Facts], over: Collection[str]) -> list[Alike]:
    """Divide runs by their settings.

    Args:
        runs: with a config each.
        over: dotted keys that do not count, DATA among them.
    """
    buckets: dict[str, Alike] = {}
    for facts, config in zip(runs, _varying(runs), strict=True):
        settings = settings_of(config, over) | _beside(facts, over)
        key = text({key: value for key, value in settings.items() if key != MODEL_SEED})
        buckets.setdefault(key, Alike(settings, [])).runs.append(facts)
    return [part for one in buckets.values() for part in _by_model_seed(one, over)]


def following(runs: Sequence[Facts]) -> set[str]:
    """Return what follows from data, or is a default, in each of some runs: keys, and DATA.

    Args:
        runs: with a config each.
    """
    set_by_someone = {key for facts in runs for key in facts.config if not facts.is_derived(key)}
    return {DATA}.union(*(facts.config for facts in runs)) - set_by_someone


def whole_settings(facts: Facts, over: Collection[str]) -> dict[str, Any]:
    """Return all settings of a run, by dotted key."""
    return settings_of(dict(facts.config.items()), over) | _beside(facts, over)


def _varying(runs: Sequence[Facts]) -> list[dict[str, Any]]:
    """Return of each config the keys in which any of them differ, in its order, and the seeds.

    Most of a hundred keys never do, and are compared only once.
    """
    if not runs:
        return []
    base = dict(runs[0].config.items())
    changes = [_changes(base, facts.config) for facts in runs]
    changed = {key for change in changes for key in change} | {SEED, MODEL_SEED}
    keys = [key for key in (*base, *sorted(changed - base.keys())) if key in changed]
    start = {key: base.get(key, _ABSENT) for key in keys}
    configs = [start | change for change in changes]
    defaults = _defaults({key for one in configs for key in keys if one[key] is _ABSENT})
    own = [{} if facts.imported else defaults for facts in runs]  # others never had them
    return [_filled(one, known) for one, known in zip(configs, own, strict=True)]


def _filled(config: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    pairs = ((key, defaults.get(key) if one is _ABSENT else one) for key, one in config.items())
    return {key: one for key, one in pairs if config[key] is not _ABSENT or key in defaults}


def _defaults(keys: Collection[str]) -> dict[str, Any]:
    """Return the defaults of these keys, of STRIDE's own ones: an older one did not know them."""
    own = {key for key in keys if "." not in key or key.partition(".")[0].endswith("_config")}
    if not own - {SEED, MODEL_SEED}:
        return {}
    from stride.config.schema import Config  # which loads pydantic, and is seldom needed

    known = dict(flatten(Config(work_dir="-").to_json()))
    return {key: known[key] for key in own if key in known}


def _changes(base: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a config has otherwise than the first one."""
    if [*config] == [*base]:  # as nearly all have: compared without a step of Python for each key
        return dict(compress(config.items(), map(ne, config.values(), base.values())))
    found = dict(config.items())
    changed = {key: one for key, one in found.items() if base.get(key, _ABSENT) != one}
    return changed | dict.fromkeys(base.keys() - found.keys(), _ABSENT)


def _beside(facts: Facts, over: Collection[str]) -> dict[str, Any]:
    """Return what decides a run's numbers beside its config: data, and where it was forked from."""
    data, parent = facts.data, facts.parent
    begun = {} if parent is None else {PARENT: parent["run"], CHECKPOINT: parent["checkpoint"]}
    if DATA in over:
        return begun
    return {DATA: data} | begun


def _by_model_seed(one: Alike, over: Collection[str]) -> Iterator[Alike]:
    """Divide runs by the seed of their weights, where it does not just follow the run's."""
    seeds = [(facts.config.get(MODEL_SEED), facts.config.get(SEED)) for facts in one.runs]
    if all(model in (seed, None) for model, seed in seeds):
        one.settings.pop(MODEL_SEED, None)
        yield one
        return
    divided: dict[str, Alike] = {}
    for facts, (fixed, _) in zip(one.runs, seeds, strict=True):
        if SEED in over and not facts.is_set(MODEL_SEED):
            fixed = None
        part = Alike({**one.settings, MODEL_SEED: fixed}, [])
        divided.setdefault(text(fixed), part).runs.append(facts)
    yield from divided.values()
