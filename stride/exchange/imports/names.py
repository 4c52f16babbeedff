"""Call metrics as STRIDE calls its own, so that curves of both stand in one plot."""

import re
from collections import Counter
from collections.abc import Collection, Mapping

from stride.config.metrics import RESERVED, SPLITS, metric_name

_OF_SPLIT = re.compile(rf"({'|'.join(sorted(SPLITS, key=len, reverse=True))})[/_](.+)")
_FORKED = re.compile(r"(.+)_(step|epoch)")
EPOCH = "epoch"


def recorded_names(names: Collection[str]) -> Mapping[str, str]:
    """Return under which name each metric is recorded: `val_loss` as `validation/epoch_loss`.

    A metric of no split keeps its name. So do two that would get one name, and Lightning's pairs
    `train_loss_step`, `train_loss_epoch` become `train/loss`, `train/epoch_loss`.

    Args:
        names: all of a run, as the source has them.
    """
    found = {name: _recorded(name, names) for name in names}
    times = Counter(found.values())
    return {
        name: _beside(name, names) if name in RESERVED else one if times[one] == 1 else name
        for name, one in found.items()
    }


def _recorded(name: str, names: Collection[str]) -> str:
    match = _OF_SPLIT.fullmatch(name)
    if match is None:
        return name
    split, value = SPLITS[match[1]], match[2]
    forked, kind = _forked(match[0], names)
    if forked:
        value = value.removesuffix(f"_{kind}")
    if split == "train":  # a name alone does not tell whether it is of a whole epoch
        return f"train/epoch_{value}" if kind == EPOCH else f"train/{value}"
    return f"{split}/{match[2]}" if kind == "step" else metric_name(split, value)


def _forked(name: str, names: Collection[str]) -> tuple[bool, str]:
    """Return whether Lightning has recorded a metric per step and per epoch, and which this is."""
    match = _FORKED.fullmatch(name)
    if match is None or {f"{match[1]}_step", f"{match[1]}_epoch"} - {*names}:
        return False, ""
    return True, match[2]


def _beside(name: str, names: Collection[str]) -> str:
    """Return a name for a metric that is called as what each row has."""
    while name in RESERVED or name in names:
        name = f"logged_{name}"
    return name
