"""Ask Optuna for the values of a search, and keep in its storage what JSON values it can hold."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from stride.config.sweep.ranges import last_step
from stride.config.sweep.space import Choice, Dimension, FloatRange, IntRange
from stride.config.sweep.value_lists import is_among


class Space:
    """The dimensions of a search, as Optuna knows them.

    Args:
        search: dotted key -> dimension; one that depends on others comes after them.
    """

    def __init__(self, search: Mapping[str, Dimension]) -> None:
        self._search = dict(search)
        self.distributions = {key: distribution(one) for key, one in search.items()}

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """Return a value for each dimension that is active in this trial; what has one keeps it."""
        found: dict[str, Any] = {}
        for key in self._search:
            if self._search[key].is_active(found):
                found[key] = self.value(key, _suggest(trial, key, self.distributions[key]))
        return found

    def value(self, key: str, stored: Any) -> Any:
        """Return the value that Optuna's storage has for a dimension, as the config takes it."""
        one = self._search[key]
        return decoded(one.values, stored) if isinstance(one, Choice) else stored

    def stored(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of overrides as Optuna's storage has them, by dimension."""
        given = {key: overrides[key] for key in self._search if key in overrides}
        return {key: self._stored(key, value) for key, value in given.items()}

    def _stored(self, key: str, value: Any) -> Any:
        one = self._search[key]
        if not isinstance(one, Choice):
            return value
        texts = zip(one.values, encoded(one.values), strict=True)
        return next(text for known, text in texts if is_among(value, [known]))

    @property
    def size(self) -> int | None:
        """Return how many points the space has; None where it has a range without steps."""
        counts = {key: _count(one) for key, one in self.distributions.items()}
        if any(count is None for count in counts.values()):
            return None
        named = {other for one in self._search.values() for other in one.when}
        return sum(
            math.prod(
                counts[key] or 0
                for key, one in self._search.items()
                if key not in named and one.is_active(chosen)
            )
            for chosen in self._choices([key for key in self._search if key in named])
        )

    def _choices(self, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the combinations of these dimensions, which include those of their conditions."""
        if not keys:
            yield {}
            return
        *before, key = keys
        for chosen in self._choices(before):
            if not self._search[key].is_active(chosen):
                yield chosen
                continue
            for stored in _values(self.distributions[key]):
                yield {**chosen, key: self.value(key, stored)}

    def holds(self, overrides: Mapping[str, Any]) -> bool:
        """Tell whether these overrides could have come of this search."""
        active = {k for k, one in self._search.items() if one.is_active(overrides)}
        return active == overrides.keys() & self._search.keys() and all(
            self._search[key].contains(overrides[key]) for key in active
        )


def _values(one: BaseDistribution) -> Sequence[Any]:
    """Return what a dimension may be, of one that has an end."""
    if isinstance(one, CategoricalDistribution):
        return one.choices
    assert isinstance(one, IntDistribution | FloatDistribution)
    return [one.low + n * (one.step or 1) for n in range(_count(one) or 0)]


def _count(one: BaseDistribution) -> int | None:
    if isinstance(one, CategoricalDistribution):
        return len(one.choices)
    assert isinstance(one, IntDistribution | FloatDistribution)
    return None if one.step is None else round((one.high - one.low) / one.step) + 1


def distribution(one: Dimension) -> BaseDistribution:
    """Return a dimension as Optuna knows it."""
    if isinstance(one, IntRange):
        last = one.high - (one.high - one.low) % one.step
        return IntDistribution(one.low, last, log=one.log, step=one.step)
    if isinstance(one, FloatRange):
        high = one.high if one.step is None else last_step(one.low, one.high, one.step)
        return FloatDistribution(one.low, high, log=one.log, step=one.step)
    return CategoricalDistribution(encoded(one.values))


def encoded(values: Sequence[Any]) -> list[Any]:
    """Return choices as Optuna can store them: lists and tables as JSON text.

    Where Optuna could not tell two apart, all are JSON text: a text that looks like one of these,
    and true beside 1.
    """
    texts = [_scalar(value) for value in values]
    return [json.dumps(v) for v in values] if len({*texts}) < len(texts) else texts


def decoded(values: Sequence[Any], stored: Any) -> Any:
    """Return the choice that is stored as this."""
    return next(v for v, one in zip(values, encoded(values), strict=True) if _same(one, stored))


def _scalar(value: Any) -> Any:
    plain = value is None or isinstance(value, bool | int | float | str)
    return value if plain else json.dumps(value)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)  # True is not 1


def _suggest(trial: Trial, key: str, one: BaseDistribution) -> Any:
    if isinstance(one, IntDistribution):
        return trial.suggest_int(key, one.low, one.high, step=one.step, log=one.log)
    if isinstance(one, FloatDistribution):
        return trial.suggest_float(key, one.low, one.high, step=one.step, log=one.log)
    assert isinstance(one, CategoricalDistribution)
    return trial.suggest_categorical(key, one.choices)
