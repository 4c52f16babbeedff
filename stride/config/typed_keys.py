"""Say which whole key a typed one means: `lr` is `optimizer_kwargs.lr`."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from stride.config.names.built_in import LOADER, possible_paths
from stride.config.names.fields import dotted_keys
from stride.config.names.outline import outline
from stride.config.names.short import ALIASES, meanings
from stride.config.schema import OPEN_SECTIONS, Config
from stride.config.short_forms import TEXT_ALIASES
from stride.config.validation_errors import unknown_key
from stride.errors import ConfigError, nearest

_ROOTS = {*Config.model_fields, "format_version"}


class TypedKeys:
    """The keys that may be typed on top of some values.

    A key that begins with a section stands for itself. Others are short: an alias, or the last
    part of a key of the schema or of a parameter of the chosen constructors, whose sources are
    read for it.

    Args:
        values: gives the nested values that the keys are typed on top of, and with: several
            where the chosen constructors differ; asked for where a short key is no alias.
    """

    def __init__(self, values: Callable[[], Iterable[Mapping[str, Any]]]) -> None:
        self._values = values

    def full(self, text: str) -> str:
        """Return the whole key; an unknown one as it is, for the schema to refuse it.

        Raises:
            ConfigError: it may mean several, or is next to what only a constructor declares.
        """
        if text.partition(".")[0] in _ROOTS:
            return text
        if text in ALIASES:
            return ALIASES[text]
        found = meanings(text, declared_keys() | self.parameters)
        if len(found) > 1:
            what = f"{text!r} may mean {', '.join(found)}"
            raise ConfigError(what, key=text, hint="type one of them")
        if not found and not nearest(text, [*ALIASES, *_last_parts(declared_keys())]):
            _refuse_mistyped(text, _last_parts(self.parameters))
        return found[0] if found else text

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Return the dotted keys of the parameters of all chosen constructors, as far as known.

        What the values give a constructor is one, whether or not its source tells.
        """
        return frozenset(key for values in self._values() for key in _parameters(values))


def _refuse_mistyped(text: str, names: Collection[str]) -> None:
    if nearest(text, names):
        raise unknown_key(text, Config, names)


def _last_parts(keys: Iterable[str]) -> set[str]:
    return {key.rpartition(".")[2] for key in keys}


def declared_key(text: str) -> str:
    """Return the whole key that the schema alone gives a typed one; else that as it is."""
    if text.partition(".")[0] in _ROOTS:
        return text
    found = meanings(text, declared_keys())
    return found[0] if len(found) == 1 else ALIASES.get(text, text)


@cache
def declared_keys() -> frozenset[str]:
    """Return the dotted keys of the schema, other spellings of some included."""
    return frozenset([*dotted_keys(Config), *TEXT_ALIASES])


def _parameters(values: Mapping[str, Any]) -> Iterator[str]:
    for section in OPEN_SECTIONS:
        given = values.get(section)
        table = given if isinstance(given, Mapping) else {}
        names = (name for path in constructor_paths(section, table) for name in outline(path).names)
        yield from (f"{section}.{name}" for name in (*table, *names))


def constructor_defaults(config: Config) -> dict[str, Any]:
    """Return the defaults of the chosen constructors, by dotted key, that their sources write."""
    return {
        f"{section}.{name}": value
        for section in OPEN_SECTIONS
        for path in constructor_paths(section, dict(getattr(config, section)))
        for name, value in outline(path).defaults.items()
    }


def constructor_paths(section: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the import paths of what a section's open keys may go to."""
    model = OPEN_SECTIONS[section]
    if not model.name_field:
        yield LOADER
        return
    name = values.get(model.name_field, model.model_fields[model.name_field].default)
    if name is None or isinstance(name, str):
        yield from possible_paths(section.removesuffix("_kwargs"), name)
