"""Refuse mistyped keys of constructors before any of them is imported."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain

from stride.config import Resolved
from stride.config.layers import nearest_origin, with_origins
from stride.config.names.outline import outline
from stride.config.schema import OPEN_SECTIONS, Config
from stride.config.typed_keys import constructor_paths
from stride.config.validation_errors import unknown_key
from stride.config.values import flatten, plain
from stride.errors import ConfigError

_SUPPLIED = {"split", "params", "optimizer", "dataset", "generator"}
"""Parameters that STRIDE gives itself: no hint names them."""


def refuse_mistyped(resolved: Resolved) -> None:
    """Refuse keys that this process was given and no constructor of their section takes.

    What only a signature tells, as of a constructor of the user's own, is left to that.

    Raises:
        ConfigError: tells all of them.
    """
    wrong = [*chain.from_iterable(_unknown(resolved, name) for name in OPEN_SECTIONS)]
    if wrong:
        origin = partial(nearest_origin, resolved.origins)
        raise with_origins(ConfigError.combine(wrong), origin)


def _unknown(resolved: Resolved, section: str) -> Iterator[ConfigError]:
    """Yield an error for each key of a section that its constructor, known by name, refuses."""
    values = getattr(resolved.config, section)
    given = [key for key in values.constructor_kwargs if key in _given_here(resolved, section)]
    paths = [*constructor_paths(section, plain(values))] if given else []
    if not paths or not all(map(_is_shipped, paths)) or _is_composed(resolved.config, section):
        return
    if _is_chosen_later(resolved, section):
        return
    found = [outline(path) for path in paths]
    known = {name for one in found for name in one.names}
    if not any(one.others for one in found):
        beside = known - _SUPPLIED
        yield from (unknown_key(f"{section}.{k}", Config, beside) for k in given if k not in known)


def _given_here(resolved: Resolved, section: str) -> set[str]:
    """Return the keys of a section that no folder has, but this process was given."""
    own = [layer.values.get(section) for layer in resolved.layers if layer.folder is None]
    tables = [values for values in own if isinstance(values, Mapping)]
    return {key.partition(".")[0] for table in tables for key, _ in flatten(table)}


def _is_shipped(path: str) -> bool:
    """Tell whether a constructor is STRIDE's or torch's, whose sources are plain."""
    return path.partition(".")[0] in ("stride", "torch")


def _is_chosen_later(resolved: Resolved, section: str) -> bool:
    """Tell whether what trains names a constructor where none is typed, as algorithms do."""
    trainer = resolved.config.trainer
    own = trainer == "rl" or ":" in trainer
    return own and resolved.origin(f"{section}.{OPEN_SECTIONS[section].name_field}") == "default"


def _is_composed(config: Config, section: str) -> bool:
    """Tell whether a network is made of candidates, which check their keys by the data."""
    composed = config.active_config.models or config.model_kwargs.model_name == "Candidates"
    return section == "model_kwargs" and bool(composed)
