"""Read from an optimiser what a row of metrics says of it."""

from torch.optim import Optimizer


def learning_rate(optimizer: Optimizer) -> float:
    """Return the learning rate of the first parameter group."""
    return float(optimizer.param_groups[0].get("lr", float("nan")))


def rates(optimizer: Optimizer) -> dict[str, float]:
    """Return `lr`, and where there are several groups `lr/<group>` and `weight_decay/<group>`.

    The first group, where it has no name, is the section's own: its values have no suffix.
    """
    groups = optimizer.param_groups
    found = {"lr": learning_rate(optimizer)}
    for number, group in enumerate(groups if len(groups) > 1 else ()):
        name = group.get("name") or (str(number) if number else "")
        values = {key: group[key] for key in ("lr", "weight_decay") if key in group}
        found |= {f"{key}/{name}" if name else key: float(v) for key, v in values.items()}
    return found
