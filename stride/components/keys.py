"""The keys that a nested argument may have: of a dataclass, model or TypedDict."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import BaseModel

from stride.components.json_type import union_members
from stride.config.json_kinds import kinds
from stride.config.schema import Config
from stride.config.validation_errors import unknown_key
from stride.config.values import join
from stride.errors import ConfigError


@dataclass(frozen=True)
class Table:
    """The keys of a type that is given as a JSON object.

    Attributes:
        named: key -> annotation.
        others: the annotation of all other keys; None where there may be no other.
    """

    named: Mapping[str, Any]
    others: Any = None

    def accepts(self, name: str) -> bool:
        """Tell whether a key is allowed."""
        return name in self.named or self.others is not None


def annotation_within(annotation: Any, name: str) -> Any:
    """Return the annotation of one key of a table: a dict's value, or a dataclass's field."""
    for table in _tables(annotation):
        if table.accepts(name):
            return table.named.get(name, table.others)
    return Any


def unknown_within(value: Any, annotation: Any, key: str) -> Iterator[ConfigError]:
    """Yield an error for each key in a value, at any depth, that its type does not have.

    Args:
        value: plain JSON.
        annotation: what is to be made of it.
        key: the dotted key of the value.
    """
    if isinstance(value, list):
        for n, part in enumerate(value):
            yield from unknown_within(part, _of_item(annotation, n), join(key, str(n)))
    if not isinstance(value, dict) or not (tables := _tables(annotation)):
        return
    table = min(tables, key=lambda one: sum(not one.accepts(name) for name in value))
    for name, part in value.items():
        place = join(key, name)
        if table.accepts(name):
            yield from unknown_within(part, table.named.get(name, table.others), place)
        else:
            yield unknown_key(place, Config, table.named)


def _tables(annotation: Any) -> list[Table]:
    found = (_table(one) for one in union_members(annotation) if kinds(one) == {"object"})
    return [table for table in found if table is not None]


def _table(annotation: Any) -> Table | None:
    """Return the keys of a type; of a generic one, those of its class."""
    cls, parts = get_origin(annotation) or annotation, get_args(annotation)
    if isinstance(cls, type) and issubclass(cls, BaseModel):
        return _of_model(cls)
    if is_dataclass(cls) and isinstance(cls, type):
        hints = _hints(cls)
        return Table({one.name: hints.get(one.name, Any) for one in fields(cls) if one.init})
    if is_typeddict(cls):
        return Table(_hints(cls))
    return Table({}, parts[1] if len(parts) > 1 else Any)


def _of_model(model: type[BaseModel]) -> Table:
    named: dict[str, Any] = {}
    for name, one in model.model_fields.items():
        aliases = [alias for alias in (one.alias, one.validation_alias) if isinstance(alias, str)]
        named |= dict.fromkeys([name, *aliases], one.annotation)
    return Table(named, Any if model.model_config.get("extra") == "allow" else None)


def _hints(cls: type) -> dict[str, Any]:
    try:
        return get_type_hints(cls, include_extras=True)
    except Exception:  # an annotation may run any code; if it fails it tells us the name alone
        return dict.fromkeys(cls.__annotations__, Any)


def _of_item(annotation: Any, n: int) -> Any:
    """Return the annotation of an item of a list, tuple, set or sequence."""
    for member in union_members(annotation):
        if kinds(member) != {"array"}:
            continue
        parts = get_args(member) or tuple(getattr(member, "__annotations__", {}).values())
        fixed = get_origin(member) is tuple or not get_args(member)  # a NamedTuple has hints
        if parts and fixed and ... not in parts:
            return parts[n] if n < len(parts) else Any
        return parts[0] if parts else Any
    return Any
