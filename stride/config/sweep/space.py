"""The dimensions of a search: ranges and choices, their text and their conditions.

    int(1,6)   int(1,64,log)   int(8,64,step=8)
    float(0,1)   float(1e-5,1e-1,log)   float(0,1,step=0.1)
    choice(AdamW,SGD)   choice([64],[64,64])   choice(true,null,"a,b")

Both ends of a range belong to it. Behind ` if ` stands a condition, `KEY=VALUE` or
`KEY in (VALUE,VALUE)`, several of them joined by ` and `: the dimension is active only in trials in
which the other dimensions have these values.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Literal, Self, final

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from stride.config.overrides import FullKey
from stride.config.sections.section import Positive, Section
from stride.config.sweep.value_lists import (
    is_among,
    read_value,
    read_values,
    require_distinct,
    split,
    value_text,
)
from stride.config.validation_errors import typed_table
from stride.config.values import join, plain, show, whole_number
from stride.errors import ConfigError, nearest

Edge = Literal["low", "high"]
Whole = Annotated[int, BeforeValidator(whole_number)]
Finite = Annotated[float, Field(allow_inf_nan=False)]

_FORMS = {
    "int": "int(LOW,HIGH), int(LOW,HIGH,log) or int(LOW,HIGH,step=STEP)",
    "float": "float(LOW,HIGH), float(LOW,HIGH,log) or float(LOW,HIGH,step=STEP)",
    "choice": "choice(VALUE,VALUE)",
}
_ELSEWHERE = {
    "categorical": "choice(VALUE,VALUE)",
    "log_uniform": "float(LOW,HIGH,log)",
    "loguniform": "float(LOW,HIGH,log)",
    "quniform": "float(LOW,HIGH,step=STEP)",
    "randint": "int(LOW,HIGH)",
    "range": "int(LOW,HIGH,step=STEP)",
    "uniform": "float(LOW,HIGH)",
    "values": "choice(VALUE,VALUE)",
}
"""What other programs call a dimension."""

_CALL = re.compile(r"(\w+)\s*\((.*)\)", re.DOTALL)
_CONDITION = re.compile(r"(?P<key>[^\s=()]+)\s*(?:=(?P<one>.*)|\s+in\s*\((?P<several>.*)\))", re.S)
_TOLERANCE = 1e-8  # of a step, as Optuna has it


class _Dimension(Section, ABC):
    """Base of the dimensions: where one is active, and its text.

    Attributes:
        when: other dimension -> the values of it where this one is active; all must hold.
    """

    model_config = ConfigDict(populate_by_name=True)

    when: dict[str, list[Any]] = Field({}, description="other key -> its values where this counts")

    @field_validator("when", mode="before")
    @classmethod
    def _list_values(cls, when: Any) -> Any:
        listed = plain(when)
        for key, values in listed.items() if isinstance(listed, dict) else ():
            if isinstance(values, list):
                require_distinct(values, key)
        return listed

    def is_active(self, chosen: Mapping[str, Any]) -> bool:
        """Tell whether this dimension counts beside the values chosen for the others."""
        return all(
            key in chosen and is_among(chosen[key], values) for key, values in self.when.items()
        )

    @abstractmethod
    def contains(self, value: Any) -> bool:
        """Tell whether a value is one that the dimension may take."""

    @abstractmethod
    def at_edge(self, value: Any, share: float = 0.05) -> Edge | None:
        """Return the end to which a value is as near as a share of the range, else None.

        Nearness is that of the range's own scale: of logarithms where it is logarithmic. A value
        outside the range has no end, nor has one of a choice.
        """

    @property
    @abstractmethod
    def _call(self) -> str:
        """Return the text without conditions."""

    @final
    def __str__(self) -> str:
        conditions = " and ".join(_condition_text(*one) for one in self.when.items())
        return f"{self._call} if {conditions}" if conditions else self._call


@final
class IntRange(_Dimension):
    """The whole numbers from low to high, both included, every `step`th of them."""

    type: Literal["int"] = "int"
    low: Whole = Field(alias="min")
    high: Whole = Field(alias="max")
    step: Positive = 1
    log: bool = False

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        _require_range(self, has_step=self.step > 1)
        return self

    def contains(self, value: Any) -> bool:
        return isinstance(whole_number(value), int) and _contains(self, value, self.step)

    def at_edge(self, value: Any, share: float = 0.05) -> Edge | None:
        last = self.low + (self.high - self.low) // self.step * self.step
        return _edge(self, value, last, share)

    @property
    def _call(self) -> str:
        return _range_text(self, f",step={self.step}" if self.step > 1 else "")


@final
class FloatRange(_Dimension):
    """The numbers from low to high, both included, or those that are whole steps above low."""

    type: Literal["float"] = "float"
    low: Finite = Field(alias="min")
    high: Finite = Field(alias="max")
    step: Annotated[Finite, Field(gt=0)] | None = None
    log: bool = False

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        _require_range(self, has_step=self.step is not None)
        return self

    def contains(self, value: Any) -> bool:
        return _contains(self, value, self.step)

    def at_edge(self, value: Any, share: float = 0.05) -> Edge | None:
        steps = math.floor((self.high - self.low) / self.step + _TOLERANCE) if self.step else 0
        last = self.low + steps * self.step if self.step else self.high
        return _edge(self, value, last, share)

    @property
    def _call(self) -> str:
        return _range_text(self, "" if self.step is None else f",step={_number_text(self.step)}")


@final
class Choice(_Dimension):
    """One of some values, in no order: any JSON."""

    type: Literal["choice"] = "choice"
    values: list[Any]

    @field_validator("values", mode="before")
    @classmethod
    def _differ(cls, values: Any) -> Any:
        listed = plain(values)
        if isinstance(listed, list):
            require_distinct(listed)
        return listed

    def contains(self, value: Any) -> bool:
        return is_among(value, self.values)

    def at_edge(self, value: Any, share: float = 0.05) -> Edge | None:
        return None

    @property
    def _call(self) -> str:
        return f"choice({_list_text(self.values)})"


Dimension = IntRange | FloatRange | Choice

_MODELS: dict[str, type[Dimension]] = {"int": IntRange, "float": FloatRange, "choice": Choice}


def parse_dimension(text: str, key: str = "", full_key: FullKey = str) -> Dimension:
    """Return the dimension that a text describes.

    Args:
        text: as in the head of this module.
        key: the dotted key that it is of, whose type in the schema decides that of choices.
        full_key: gives the whole key that a typed one in a condition means.

    Raises:
        ConfigError: it describes none; names the key, the text and the nearest right form.
    """
    with _naming(key, text):
        call, *conditions = split(text, r"\s+if\s+")
        found = _CALL.fullmatch(call)
        kind, inner = (found[1].lower(), found[2]) if found else (call, "")
        if not found or kind not in _MODELS:
            raise ConfigError("it is not a dimension", hint=f"as {_form(kind)}")
        values = read_values(inner, key) if kind == "choice" else []
        table = {"values": values} if kind == "choice" else _range_table(inner, _FORMS[kind])
        parts = (part for one in conditions for part in split(one, r"\s+and\s+"))
        when = dict(_condition(part, full_key) for part in parts)
        return typed_table({**table, "when": when}, _MODELS[kind], "")


def read_dimension(value: Any, key: str = "", full_key: FullKey = str) -> Dimension:
    """Return the dimension that a text, a table or a dimension describes.

    A table has `type`, which is int, float or choice; `min`, `max`, `step` and `log`, or `values`;
    and `when`, a table of other keys and lists of their values.

    Raises:
        ConfigError: it describes none; names the key.
    """
    if isinstance(value, str):
        return parse_dimension(value, key, full_key)
    with _naming(key, show(value)):
        table = plain(value)
        kind = str(table.get("type")) if isinstance(table, dict) else ""
        if not is_table(table):
            hint = f"as text {_form(kind)}; or a table with type int, float or choice"
            raise ConfigError("it is not a dimension", hint=hint)
        when = table.get("when")
        if isinstance(when, dict):
            table = {**table, "when": {full_key(name): one for name, one in when.items()}}
        return typed_table(table, _MODELS[kind], "")


def is_table(value: Any) -> bool:
    """Tell whether a value is the table of a dimension, by its `type`."""
    return isinstance(value, dict) and value.get("type") in [*_MODELS]


@contextmanager
def _naming(key: str, shown: str) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        what = f"{key}={shown}" if key else shown
        hint = error.hint or f"as {_form(shown.partition('(')[0].strip())}"
        told = "; ".join(one.what for one in error.each)
        raise ConfigError(f"{what}: {told}", key=join(key, ""), hint=hint) from None


def _form(kind: str) -> str:
    """Return the form that is nearest to what somebody called a dimension."""
    known = {**_ELSEWHERE, **_FORMS}
    near = nearest(kind.lower(), known)
    return known[near.split("'")[1]] if near else "int(LOW,HIGH), float(LOW,HIGH) or choice(A,B)"


def _range_table(inner: str, form: str) -> dict[str, Any]:
    low, high, *options = [*split(inner), "", ""] if inner else ["", ""]
    if not low or not high or "=" in f"{low}{high}":
        raise ConfigError("it needs a lower and an upper end", hint=f"as {form}")
    table: dict[str, Any] = {"min": read_value(low), "max": read_value(high)}
    for option in filter(None, options):
        name, equals, value = (part.strip() for part in option.partition("="))
        if name not in ("log", "step"):
            raise ConfigError(f"it has no option {name}", hint=nearest(name, ["log", "step"]))
        table[name] = read_value(value) if equals else True
    return table


def _condition(text: str, full_key: FullKey) -> tuple[str, list[Any]]:
    found = _CONDITION.fullmatch(text)
    if not found:
        raise ConfigError(f"{text!r} is not a condition", hint="as KEY=VALUE or KEY in (A,B)")
    key = full_key(found["key"])
    one = found["one"]
    return key, read_values(found["several"], key) if one is None else [
        read_value(one.strip(), key)
    ]


def _condition_text(key: str, values: list[Any]) -> str:
    return (
        f"{key}={value_text(values[0])}" if len(values) == 1 else f"{key} in ({_list_text(values)})"
    )


def _list_text(values: list[Any]) -> str:
    return ",".join(map(value_text, values))


def _range_text(of: IntRange | FloatRange, step: str) -> str:
    ends = f"{_number_text(of.low)},{_number_text(of.high)}"
    return f"{of.type}({ends}{',log' if of.log else ''}{step})"


def _number_text(number: float) -> str:
    return show(whole_number(number))


def _require_range(of: IntRange | FloatRange, has_step: bool) -> None:
    low, high = _number_text(of.low), _number_text(of.high)
    if of.low > of.high:
        hint = f"did you mean {of.type}({high},{low})?"
        raise ConfigError("its lower end is above the upper one", hint=hint)
    if of.log and of.low <= 0:
        what = f"its lower end is {low}, and a logarithm needs one above 0"
        raise ConfigError(what, hint=_positive_form(of))
    if of.log and has_step:
        what = "a logarithmic range has no equal steps"
        raise ConfigError(what, hint="leave out `log` or `step`")


def _positive_form(of: IntRange | FloatRange) -> str:
    if of.high <= 0:
        return "leave out `log`"
    low = 1 if of.type == "int" else of.high / 1000
    return f"as {of.type}({_number_text(low)},{_number_text(of.high)},log)"


def _contains(of: IntRange | FloatRange, value: Any, step: float | None) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    steps = (value - of.low) / step if step else 0.0
    return of.low <= value <= of.high and abs(steps - round(steps)) < _TOLERANCE


def _edge(of: IntRange | FloatRange, value: Any, last: float, share: float) -> Edge | None:
    scale: Callable[[float], float] = math.log if of.log else float
    low, high = scale(of.low), scale(last)
    if low == high or not of.contains(value):
        return None
    place = (scale(value) - low) / (high - low)
    return "low" if place <= share else "high" if place >= 1 - share else None
