"""Build and resolve the model section of several candidates."""

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter
from typing import Any

from stride.components import bind, find, parameters
from stride.components.convert import convert, convert_untyped
from stride.config.names.built_in import UNNAMED
from stride.config.schema import Config
from stride.config.sections.section import Seed, Text
from stride.config.validation_errors import unknown_key
from stride.errors import ConfigError
from stride.models.build import OWN_KEYS, infer_model_name, resolve_model
from stride.models.infer import Shapes

NAME = "Candidates"
LISTED, SHORT = "model_kwargs.candidates", "active_config.models"
MAX_SEED = 2**63

Section = dict[str, Any]


def candidates_section(
    model_kwargs: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    together: bool,
    info: Shapes | None = None,
) -> Section:
    """Return the model section of candidates that differ from one section by few keys.

    An entry that names another model takes of `model_kwargs` the seed alone: the other keys belong
    to another constructor. Without a seed of its own the n-th candidate has that of the section,
    or of the run, plus n. A section that is that of candidates already, as in a recorded config,
    stays as it is.

    Args:
        model_kwargs: the section as given; its open keys may be raw text. What it freezes is for
            all candidates together.
        entries: `active_config.models`.
        together: whether all candidates are trained and answer.
        info: what is known of the data; without it the values of a candidate without a name are
            not looked at here, and its keys may be those of any model that is inferred.

    Raises:
        ConfigError: an entry has a wrong key or value; it names `active_config.models[1].hiden`.
    """
    model_kwargs = {key: value for key, value in model_kwargs.items() if key != "freeze"}
    if model_kwargs.get("model_name") == NAME:
        _require_same(model_kwargs, entries)
        return {**model_kwargs, "together": together}
    base = _checked(model_kwargs, "model_kwargs", info)
    made = [_candidate(base, entry, f"{SHORT}[{n}]", info) for n, entry in enumerate(entries)]
    return {
        "model_name": NAME,
        "model_seed": model_kwargs.get("model_seed"),
        "init_from": None,
        "candidates": made,
        "together": together,
    }


def resolve_candidates(
    constructor: Callable[..., Any],
    section: Mapping[str, Any],
    info: Shapes | None,
    *,
    seed: int,
    name: str,
) -> Section:
    """Return the arguments of candidates, each with a complete model section.

    The candidates' `init_from` are taken out of their sections and listed as that of the whole, so
    that they are treated as any start weights: kept in the run, and not asked for again.

    Raises:
        ConfigError: a key or value is wrong; it names `model_kwargs.candidates[1].hiden`.
    """
    given = {key: value for key, value in section.items() if key not in OWN_KEYS}
    listed = convert_untyped(given.get("candidates"), f"{name}.candidates")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ConfigError(
            f"{name}.candidates must be a list of model sections",
            key=LISTED,
            where=LISTED,
            hint='type: model_kwargs.candidates=[{"model_name":"MLP"},{"model_name":"CNN"}]',
        )
    complete = [
        resolve_model(
            _checked(one, f"{name}.candidates[{n}]", info),
            info,
            seed=(seed + n) % MAX_SEED,
            section=f"{name}.candidates[{n}]",
        )
        for n, one in enumerate(listed)
    ]
    places = [one.get("init_from") for one in complete]
    whole = [{**one, "init_from": None} for one in complete]
    arguments = bind(constructor, {**given, "candidates": whole}, section=name)
    if not any(places):
        return arguments
    if section.get("init_from") is not None:
        raise _two_starts(name)
    return {**arguments, "init_from": places}


def _candidate(
    base: Mapping[str, Any], entry: Mapping[str, Any], key: str, info: Shapes | None
) -> Section:
    """Return an entry on top of the section that it differs from."""
    name = entry.get("model_name", base.get("model_name"))
    below = base if name == base.get("model_name") else {}
    own = _checked({"model_seed": None, **entry, "model_name": name}, key, info)
    return {**below, **own}


def _checked(entry: Mapping[str, Any], key: str, info: Shapes | None) -> Section:
    """Return a candidate's keys with their values converted, which a constructor has to take."""
    own = _converted(entry, _OWN, key)
    name = own.get("model_name") or (infer_model_name(info) if info is not None else None)
    possible = [parameters(find("model", one)) for one in ([name] if name else UNNAMED["model"])]
    for one in entry:
        if one not in _OWN and not any(accepted.accepts(one) for accepted in possible):
            known = [*_OWN, *(n for accepted in possible for n in accepted.named)]
            raise unknown_key(f"{key}.{one}", Config, known)
    typed = _converted(entry, possible[0].named, key) if name else {}
    return {**entry, **own, **typed}


def _converted(entry: Mapping[str, Any], named: Mapping[str, Parameter], key: str) -> Section:
    """Return the values of those keys that are named, as their types are."""
    return {n: convert(entry[n], one, f"{key}.{n}") for n, one in named.items() if n in entry}


def _own_keys(
    model_name: Text | None = None, model_seed: Seed | None = None, init_from: Text | None = None
) -> None:
    """Declare the keys of every model section, with their types, as parameters."""


_OWN = parameters(_own_keys).named


def _require_same(section: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> None:
    """Refuse entries that a section of candidates does not follow."""
    known = section.get("candidates") or []
    same = len(known) == len(entries) and all(
        key == "init_from" or one.get(key) == value
        for one, entry in zip(known, entries, strict=True)
        for key, value in entry.items()
    )
    if not same:
        raise ConfigError(
            f"{SHORT} and {LISTED} say different things",
            key=SHORT,
            where=SHORT,
            hint=f"leave {SHORT} out, or model_kwargs.model_name",
        )


def _two_starts(name: str) -> ConfigError:
    return ConfigError(
        f"{name}.init_from and that of a candidate say different things",
        key="model_kwargs.init_from",
        where="model_kwargs.init_from",
        hint="leave one out: a run of all candidates, or what each of them starts from",
    )
