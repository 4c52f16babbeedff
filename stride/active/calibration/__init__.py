"""Measure how far probabilities can be trusted, mend them, and say when to train again."""

from stride.active.calibration.calibration_error import (
    Reliability,
    RetrainTrigger,
    reliability,
    temperature,
)
from stride.active.calibration.temperature import fit_temperature

__all__ = ["Reliability", "RetrainTrigger", "fit_temperature", "reliability", "temperature"]
