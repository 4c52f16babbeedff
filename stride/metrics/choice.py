"""Read an element of `training_config.metrics`: a name, or a section with arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from stride.config.metrics import VALUE_NAME
from stride.errors import ConfigError, nearest_name
from stride.metrics.base import KEY

MetricSpec = str | Mapping[str, Any]
_NAME, _AS = "metric_name", "as"
_EXAMPLE = 'write {"metric_name": "r2", "channel": 0, "as": "r2_x"}'
_LETTERS = "use letters, digits, _, - and ."


@dataclass(frozen=True)
class MetricChoice:
    """A metric as the config names it.

    Attributes:
        name: a built-in name, one of torchmetrics' or an import path.
        recorded: the name that it is recorded by.
        section: where it stands in the config, for errors.
        arguments: of its constructor; None where a name alone was given.
    """

    name: str
    recorded: str
    section: str
    arguments: Mapping[str, Any] | None = field(default=None, hash=False)

    @classmethod
    def of(cls, spec: MetricSpec, section: str) -> Self:
        """Read a name, or a section such as `{"metric_name": "r2", "channel": 2, "as": "r2_p"}`.

        Raises:
            ConfigError: the section has no name, or one that nothing can be recorded by.
        """
        if not isinstance(spec, Mapping):
            return cls(spec, _own_name(spec), section)
        arguments = {key: value for key, value in spec.items() if key not in (_NAME, _AS)}
        name = spec.get(_NAME)
        if not isinstance(name, str) or not name:
            fault = "is missing" if name is None else f"must be text, not {name!r}"
            raise _refused(f"{section}.{_NAME}", fault, _EXAMPLE)
        recorded = spec.get(_AS, _own_name(name))
        if not isinstance(recorded, str) or not VALUE_NAME.fullmatch(recorded):
            hint = nearest_name(recorded, VALUE_NAME.fullmatch) or _LETTERS
            raise _refused(f"{section}.{_AS}", f"must be a name, not {recorded!r}", hint)
        return cls(name, recorded, section, arguments)


def read_choices(specs: Sequence[MetricSpec], section: str = KEY) -> list[MetricChoice]:
    """Read the elements of a list of metrics.

    Args:
        specs: names, or sections.
        section: where the list stands, for errors, which add the element's number: `metrics[2]`.

    Raises:
        ConfigError: as of `MetricChoice.of`.
    """
    return [MetricChoice.of(spec, f"{section}[{n}]") for n, spec in enumerate(specs)]


def _own_name(name: str) -> str:
    """Return the name of a metric itself: of an import path the part after the colon."""
    return name.rpartition(":")[2]


def _refused(key: str, fault: str, hint: str) -> ConfigError:
    return ConfigError(f"{key} {fault}", key=key, where=key, hint=hint)
