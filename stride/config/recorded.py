"""Read the config of a recorded run, which an older STRIDE may have written."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from stride.config.schema import Config
from stride.config.values import without_key
from stride.errors import ConfigError

_OF_TRAINING = ("training_config", "checkpoint_config", "distributed_config", "logging_config")
"""Sections by which neither a network nor data is built."""

_OF_KINDS = {
    "active_config": ("active",),
    "lr_find_config": ("lr_find",),
    "reconstruction_config": ("reconstruction", "by_epochs"),
}
"""Section -> the trainers that read it, and no other one does."""


class Recorded(NamedTuple):
    """The config of a recorded run, without keys that this STRIDE does not know.

    Attributes:
        config: with the defaults of what is skipped.
        skipped: dotted key -> what is wrong with it or with its value.
    """

    config: Config
    skipped: dict[str, str]


def read_recorded(values: Mapping[str, Any]) -> Recorded:
    """Return a run's config without what says how to train and is not known any more.

    Raises:
        ConfigError: a key or value by which network or data are built is wrong.
    """
    skipped: dict[str, str] = {}
    while True:
        try:
            return Recorded(Config.from_json(values), skipped)
        except ConfigError as error:
            for one in error.each:
                key = next(_removable(values, one.key), "")
                if not key:
                    raise
                skipped[key] = one.what
                values = without_key(values, key)


def _removable(values: Mapping[str, Any], key: str) -> Iterator[str]:
    """Yield the key of what can be left out for a wrong key to be right."""
    section, _, name = key.partition(".")
    name = name.partition(".")[0]  # an item of a list is part of its value
    trainer = values.get("trainer")
    free = [*_OF_TRAINING, *(one for one, kinds in _OF_KINDS.items() if trainer not in kinds)]
    inside = values.get(section)
    if not name and section.endswith("_config") and section not in Config.model_fields:
        yield section
    elif section in free and isinstance(inside, Mapping) and name in inside:
        yield f"{section}.{name}"
