"""Divide a model's parameters into groups with options of their own, by patterns of names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch.nn import Parameter

from stride.components import bind
from stride.config.metrics import group_name_fault
from stride.engine.optim.arguments import SUPPLIED
from stride.errors import ConfigError, nearest, nearest_name

Named = Sequence[tuple[str, Parameter]]

_OWN = ("match", "name")
_OF_THE_WHOLE = ("foreach", "fused", "capturable", "differentiable")
_SHOWN = 8  # names of parameters in a hint


def resolve_groups(
    groups: Sequence[Mapping[str, Any]],
    constructor: Callable[..., Any],
    values: Mapping[str, Any],
    *,
    key: str,
) -> list[dict[str, Any]]:
    """Check the options of each group against the optimiser's signature; return them converted.

    Args:
        groups: tables with `match`, `name` where it is given, and options.
        constructor: of the optimiser.
        values: the section's own arguments, bound already.
        key: the dotted key of the groups.

    Raises:
        ConfigError: an option that the optimiser does not have, of the wrong type or of the whole
            optimiser; a name that no rate can have, or that two groups have.
    """
    names = [group_name(group) for group in groups]
    for number, name in enumerate(names):
        _require_name(name, f"{key}.{number}")
        if name in names[:number]:
            what, hint = f"two groups are called {name!r}", 'give one another: {"name": ...}'
            raise _wrong(what, f"{key}.{number}", hint)
    return [
        {k: group[k] for k in _OWN if k in group}
        | _options(group, constructor, values, f"{key}.{number}")
        for number, group in enumerate(groups)
    ]


def _require_name(name: str, key: str) -> None:
    if fault := group_name_fault(name):
        near = nearest_name(name, lambda one: not group_name_fault(one))
        hint = near or 'give it another one: {"name": ...}'
        raise _wrong(f"a group is called {name!r}, {fault}", key, hint)


def group_name(group: Mapping[str, Any]) -> str:
    """Return the name of a group: that which it was given, or its pattern's letters."""
    return str(group.get("name") or patterns_of(group)[0].strip("*.") or "all")


def parameter_groups(
    named: Named,
    groups: Sequence[Mapping[str, Any]],
    judge: Callable[[list[Parameter], dict[str, Any], str], object],
    *,
    key: str,
) -> list[Any]:
    """Return what the optimiser takes for `params`: what no group claims first, then the groups.

    The first group of which a pattern matches a parameter's name has it. Patterns are a shell's
    (`fnmatch`): `*` stands for any text, dots included.

    Args:
        named: what is trained, by name.
        groups: as `resolve_groups` returns them.
        judge: refuses parameters with values that the optimiser does not take, naming a key:
            torch looks at the values of a whole optimiser, and takes any for a group of it.
        key: the dotted key of the groups.

    Raises:
        ConfigError: a pattern matches no parameter, or none that an earlier group has left.
        ComponentError: the optimiser refuses a value of a group, as a negative learning rate.
    """
    if not groups:
        return [parameter for _, parameter in named]
    for number, group in enumerate(groups):
        _require_matches(group, [name for name, _ in named], f"{key}.{number}")
    claims = [_claim(name, groups) for name, _ in named]
    made: list[dict[str, Any]] = []
    for number, group in enumerate(groups):
        own = [p for (_, p), claim in zip(named, claims, strict=True) if claim == number]
        if not own:
            what = f"all parameters that {group['match']!r} matches are in earlier groups"
            raise _wrong(what, f"{key}.{number}", "put this group before them, or leave it out")
        options = {k: v for k, v in group.items() if k not in _OWN}
        judge(own, options, f"{key}.{number}")
        made.append({"params": own, "name": group_name(group), **options})
    left = [p for (_, p), claim in zip(named, claims, strict=True) if claim is None]
    return [{"params": left}, *made] if left else made


def _options(
    group: Mapping[str, Any], constructor: Callable[..., Any], values: Mapping[str, Any], key: str
) -> dict[str, Any]:
    options = {k: v for k, v in group.items() if k not in _OWN}
    for name in _OF_THE_WHOLE:
        if name in options:
            what = f"{name} is of the whole optimiser, not of a group"
            raise _wrong(what, f"{key}.{name}", "give it beside optimizer_name")
    bound = bind(constructor, {**values, **options}, section=key, supplied=SUPPLIED["optimizer"])
    return {name: bound[name] for name in options}


def patterns_of(group: Mapping[str, Any]) -> list[str]:
    """Return the patterns of a table with `match`."""
    match = group["match"]
    return [match] if isinstance(match, str) else list(match)


def _claim(name: str, groups: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the number of the first group that a name belongs to, None for none."""
    matching = (n for n, group in enumerate(groups) if matches(name, group))
    return next(matching, None)


def matches(name: str, group: Mapping[str, Any]) -> bool:
    """Tell whether a table's patterns match a parameter's name."""
    return any(fnmatchcase(name, pattern) for pattern in patterns_of(group))


def _require_matches(group: Mapping[str, Any], names: Sequence[str], key: str) -> None:
    for pattern in unmatched(patterns_of(group), names):
        raise _wrong(f"{pattern!r} matches no trained parameter", key, near(pattern, names))


def unmatched(patterns: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Yield the patterns that match none of the names."""
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            yield pattern


def near(pattern: str, names: Sequence[str]) -> str:
    """Return a hint with the name that a pattern may mean, or with some of all."""
    shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    return nearest(pattern.strip("*."), names) or f"the parameters are {shown}"


def _wrong(what: str, key: str, hint: str) -> ConfigError:
    return ConfigError(what, key=key, where=key, hint=hint)
