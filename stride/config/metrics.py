"""The names of metrics: one canonical name for each, and which way is better."""

import re
from collections.abc import Iterable
from typing import Any, Literal

from stride.errors import ConfigError

SPLITS = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
SMALLER_IS_BETTER = frozenset({"loss", "error", "mse", "rmse", "mae", "l1", "l2"})
RESERVED = frozenset({"step", "epoch", "time"})  # what a row of the stream has beside metrics
GRAD_NORM = "grad_norm"
PREDICTED_LOSS = "predicted_final_loss"
LARGER_IS_BETTER = frozenset({"accuracy", "auc", "vus", "f1", "r2", "reward", "return", "score"})

_PER_EPOCH = frozenset({"loss", "accuracy"})
# What a training records by itself.
_OWN_VALUES = RESERVED | {"loss", "lr", GRAD_NORM, PREDICTED_LOSS}
VALUE_NAME = re.compile(r"\w[\w.-]*")
"""What a number is called after its split."""
_GROUP_NAME = re.compile(r"[\w.:*?\[\]!-]+")  # those made of patterns among them
_SPLIT_NAME = re.compile(rf"({'|'.join(sorted(SPLITS, key=len, reverse=True))})(?:/(.+)|_([^/]+))")
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")


def split_name(split: str) -> str:
    """Return what a split is called in rows and for hooks: `val` is `validation`."""
    return SPLITS.get(split, split)


def split_key(split: str) -> str:
    """Return what a split is called in the data: `validation` is `val`."""
    return "val" if split_name(split) == "validation" else split


def metric_name(split: str, metric: str) -> str:
    """Return the name under which a split's metric is recorded.

    `("val", "loss")` gives `validation/epoch_loss`, `("test", "loss")` gives `test/loss`. In a
    training `epoch_` also tells the mean over an epoch from that since the last report:
    `("train", "epoch_kl")` stays `train/epoch_kl`.
    """
    split, base = split_name(split), metric.removeprefix("epoch_")
    per_epoch = base in _PER_EPOCH and split in ("train", "validation")
    if per_epoch or (split == "train" and base != metric):
        return f"{split}/epoch_{base}"
    return f"{split}/{base}"


def canonical(name: str) -> str:
    """Return the recorded name for a name or its alias: `val_loss` is `validation/epoch_loss`.

    A name without a split in front (`lr`) is returned as it is.
    """
    found = _SPLIT_NAME.fullmatch(name)
    return metric_name(found[1], found[2] or found[3]) if found else name


def split_name_fault(name: str) -> str:
    """Return why a split of the user's cannot be called so, empty where it can."""
    if name in SPLITS:
        return "which is a split that every training has: give it another name"
    if not VALUE_NAME.fullmatch(name):
        return "which is not a name: use letters, digits, _, - and ."
    return ""


def value_name_fault(name: Any) -> str:
    """Return why the named value of a step cannot be called so, empty where it can."""
    if not isinstance(name, str) or not VALUE_NAME.fullmatch(name):
        return "which is not one: use letters, digits, _, - and ."
    if name in _OWN_VALUES or name.startswith("epoch_"):
        return "which STRIDE itself records: give it another one"
    return ""


def group_name_fault(name: Any) -> str:
    """Return why a group of parameters cannot be called so in `lr/NAME`, empty where it can."""
    if not isinstance(name, str) or not _GROUP_NAME.fullmatch(name):
        return "which is not a name: use letters, digits, _, - and ."
    if name.startswith("epoch_"):
        return "by which rows of whole epochs are known"
    return ""


def ends_epoch(row: Iterable[str]) -> bool:
    """Tell whether a row of metrics holds an epoch's values."""
    return "/epoch_" in " ".join(row)


def as_number(name: str, value: Any) -> float:
    """Return the value of a metric as a float: a number, or a tensor or array of one.

    Raises:
        TypeError: the value is not one number; names the metric.
        ValueError: the name is none that a metric can have.
    """
    if type(value) is float and name not in RESERVED:
        return value
    if name in RESERVED:
        raise ValueError(f"a metric cannot be called {name!r}: each row has a {name} already")
    try:
        if not isinstance(value, (str, bytes)):
            return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise TypeError(f"the metric {name!r} is not one number: {error}") from error
    raise TypeError(f"the metric {name!r} is not one number, but the text {value!r}")


def infer_mode(name: str, *, key: str = "training_config.mode") -> Literal["min", "max"]:
    """Infer from a metric's name whether smaller ("min") or larger ("max") is better.

    Args:
        name: a metric's name, canonical or not.
        key: the config key that would say it, for the error.

    Raises:
        ConfigError: the name tells nothing, or both.
    """
    words = {word.lower() for word in _WORDS.findall(name)}
    small, large = bool(words & SMALLER_IS_BETTER), bool(words & LARGER_IS_BETTER)
    if small != large:
        return "min" if small else "max"
    what = f"{key} is needed: the name {name!r} does not tell whether smaller or larger is better"
    raise ConfigError(what, key=key, hint=f"set {key} to min or max")
