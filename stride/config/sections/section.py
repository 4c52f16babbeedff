"""Base of all sections, and the types of their fields."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from stride.config.metrics import canonical
from stride.config.values import whole_number

# Bounds stand before the validator, or a JSON Schema would have "ge" for "minimum".
NotNegative = Annotated[int, Field(ge=0), BeforeValidator(whole_number)]
Positive = Annotated[int, Field(ge=1), BeforeValidator(whole_number)]
Window = Annotated[int, Field(ge=2), BeforeValidator(whole_number)]
Text = Annotated[str, Field(min_length=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63), BeforeValidator(whole_number)]
MetricName = Annotated[Text, AfterValidator(canonical)]
Mode = Literal["min", "max"]


def number_as_text(value: Any) -> Any:
    """Write a number as a name is written, that it may be typed as either: 0 and "0" are one."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


RunName = Annotated[str | None, BeforeValidator(number_as_text)]


class Section(BaseModel):
    """Base of config sections: frozen, and without extra keys unless it allows them."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=())


class OpenSection(Section):
    """A section of STRIDE's own fields plus the arguments of a chosen constructor."""

    model_config = ConfigDict(extra="allow")

    name_field: ClassVar[str] = ""
    of_constructor: ClassVar[tuple[str, ...]] = ()
    """Declared keys whose values are meant for the chosen constructor, as all others are."""

    @property
    def constructor_kwargs(self) -> dict[str, Any]:
        """Return the constructor's arguments; those typed as text are `Raw` until bound."""
        return dict(self.model_extra or {})
