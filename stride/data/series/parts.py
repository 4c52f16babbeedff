"""Divide a series in time: what comes first is trained on, so that no window is in two splits."""

from typing import Annotated

from pydantic import Field

from stride.data.series.series import Series
from stride.data.split import Split

Share = Annotated[float, Field(ge=0, lt=1)]


def training_part(series: Series, split: Split, val_share: float) -> list[Series]:
    """Return the part of a training series that is trained or validated on; none for no share.

    Args:
        series: what is there to train on.
        split: train (its beginning) or val (its end).
        val_share: share of the points to validate on.
    """
    begin = len(series) - round(len(series) * val_share)
    if split == "train":
        return [series.part(0, begin)]
    return [series.part(begin, len(series))] if val_share else []
