"""Which settings tell runs apart that are exported together."""

from collections.abc import Mapping, Sequence
from typing import Any

from stride.config.values import flatten
from stride.exchange.export.source import Source
from stride.runs.compare import PLACE, differing_settings
from stride.runs.files.encoding import as_utf8

_UNTOLD = (*PLACE, "logging_config")  # changes no number


def hparams(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Return of each run the settings in which the runs differ, and those that any has typed.

    A whole config has about a hundred, most of them the same in all.

    Args:
        sources: the runs.

    Returns:
        Dotted key -> value, for each run those keys that it has.
    """
    configs = [dict(flatten(source.config)) for source in sources]
    told = {*differing_settings(configs), *_typed(sources)}
    return [_chosen(config, told) for config in configs]


def _typed(sources: Sequence[Source]) -> set[str]:
    return {text.partition("=")[0] for source in sources for text in source.row.overrides}


def _chosen(config: Mapping[str, Any], told: set[str]) -> dict[str, Any]:
    return {
        as_utf8(key): as_utf8(value) if isinstance(value, str) else value
        for key, value in config.items()
        if told & {*_sections(key)} and not {*_UNTOLD} & {*_sections(key)}
    }


def _sections(key: str) -> list[str]:
    """Return a dotted key, and the keys of the sections that it is in."""
    parts = key.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
