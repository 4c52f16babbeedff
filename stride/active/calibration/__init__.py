"""Measure and correct the calibration of probabilities, and detect when to retrain."""

from stride.active.calibration.calibration_error import (
    Reliability,
    RetrainTrigger,
    reliability,
    temperature,
)
from stride.active.calibration.temperature import fit_temperature

__all__ = ["Reliability", "RetrainTrigger", "fit_temperature", "reliability", "temperature"]
