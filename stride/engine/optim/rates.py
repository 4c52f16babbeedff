"""Read from an optimiser what a row of metrics says of it."""

import math

from torch.optim import Optimizer

from stride.config.metrics import group_name_fault
from stride.errors import ConfigError, nearest_name


def learning_rate(optimizer: Optimizer) -> float:
    """Return the learning rate of the first parameter group."""
    return float(optimizer.param_groups[0].get("lr", math.nan))


def rates(optimizer: Optimizer) -> dict[str, float]:
    """Return `lr`, and where there are several groups `lr/<group>` and `weight_decay/<group>`.

    The first group, where it has no name, is the section's own: its values have no suffix.
    """
    groups = optimizer.param_groups
    found = {"lr": learning_rate(optimizer)}
    for name, group in zip(_names(optimizer), groups, strict=True) if len(groups) > 1 else ():
        values = {key: group[key] for key in ("lr", "weight_decay") if key in group}
        found |= {f"{key}/{name}" if name else key: float(v) for key, v in values.items()}
    return found


def require_names(optimizer: Optimizer, key: str) -> None:
    """Refuse groups that a function of the user's calls by no name of a rate, or two by one.

    Args:
        optimizer: just built.
        key: the dotted key of its section.

    Raises:
        ConfigError: says which name, and the nearest allowed one.
    """
    names = _names(optimizer)
    for number, name in enumerate(names):
        fault = group_name_fault(name) if name else ""
        if name in names[:number]:
            fault = "and so is one before it"
        if fault:
            near = nearest_name(name, lambda one: not group_name_fault(one) and one not in names)
            raise ConfigError(
                f"a group of the optimizer is called {name!r}, {fault}",
                key=f"{key}.optimizer_name",
                where=f"{key}.optimizer_name",
                hint=near or "give each group another `name`, or none",
            )


def _names(optimizer: Optimizer) -> list[str]:
    """Return what each group is called: by its name, else its number; the first one may be ""."""
    groups = enumerate(optimizer.param_groups)
    return [str(group.get("name") or (number or "")) for number, group in groups]
