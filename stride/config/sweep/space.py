"""The dimensions of a search: ranges and choices, their text and their conditions.

    int(1,6)   int(1,64,log)   int(8,64,step=8)
    float(0,1)   float(1e-5,1e-1,log)   float(0,1,step=0.1)
    choice(AdamW,SGD)   choice([64],[64,64])   choice(true,null,"a,b")

Both ends of a range belong to it. Behind ` if ` stands a condition, `KEY=VALUE` or
`KEY in (VALUE,VALUE)`, several of them joined by ` and `: the dimension is active only in trials in
which the other dimensions have these values.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Literal, Self, final

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from stride.config.overrides import FullKey
from stride.config.sections.section import Positive, Section
from stride.config.sweep.conditions import conditions_text, read_conditions
from stride.config.sweep.ranges import (
    Edge,
    edge,
    is_number,
    is_on_steps,
    last_step,
    range_text,
    require_range,
)
from stride.config.sweep.value_lists import (
    is_among,
    list_text,
    read_value,
    read_values,
    require_distinct,
    split,
)
from stride.config.validation_errors import typed_table
from stride.config.values import plain, show, whole_number
from stride.errors import ConfigError, nearest

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
        return f"{self._call} if {conditions_text(self.when)}" if self.when else self._call


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
        require_range("int", self.low, self.high, log=self.log, stepped=self.step > 1)
        return self

    def contains(self, value: Any) -> bool:
        whole = whole_number(value)
        if not isinstance(whole, int) or isinstance(whole, bool):
            return False
        return self.low <= whole <= self.high and (whole - self.low) % self.step == 0

    def at_edge(self, value: Any, share: float = 0.05) -> Edge | None:
        if not self.contains(value):
            return None
        last = last_step(self.low, self.high, self.step)
        return edge(value, self.low, last, log=self.log, share=share)

    @property
    def _call(self) -> str:
        step = self.step if self.step > 1 else None
        return range_text("int", self.low, self.high, log=self.log, step=step)


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
        require_range("float", self.low, self.high, log=self.log, stepped=self.step is not None)
        return self

    def contains(self, value: Any) -> bool:
        if not is_number(value) or not self.low <= value <= self.high:
            return False
        return self.step is None or is_on_steps(value, self.low, self.step)

    def at_edge(self, value: Any, share: float = 0.05) -> Edge | None:
        if not self.contains(value):
            return None
        last = last_step(self.low, self.high, self.step) if self.step else self.high
        return edge(value, self.low, last, log=self.log, share=share)

    @property
    def _call(self) -> str:
        return range_text("float", self.low, self.high, log=self.log, step=self.step)


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
        return f"choice({list_text(self.values)})"


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
        when = read_conditions(" and ".join(conditions), full_key) if conditions else {}
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
        raise ConfigError(f"{what}: {told}", key=key, hint=hint) from None


def _form(kind: str) -> str:
    """Return the form that is nearest to what somebody called a dimension."""
    known = {**_ELSEWHERE, **_FORMS}
    near = nearest(kind.lower(), known)
    return known[near.split("'")[1]] if near else "int(LOW,HIGH), float(LOW,HIGH) or choice(A,B)"


def _range_table(inner: str, form: str) -> dict[str, Any]:
    parts = split(inner)
    if len(parts) < 2 or "=" in parts[0] + parts[1]:
        raise ConfigError("it needs a lower and an upper end", hint=f"as {form}")
    table: dict[str, Any] = {"min": read_value(parts[0]), "max": read_value(parts[1])}
    for option in parts[2:]:
        name, equals, value = (part.strip() for part in option.partition("="))
        if name not in ("log", "step"):
            raise ConfigError(f"it has no option {name!r}", hint=nearest(name, ["log", "step"]))
        table[name] = read_value(value) if equals else True
    return table
