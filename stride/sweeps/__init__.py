"""Sweeps: which overrides are best? Every trial is an ordinary run of the work_dir."""

from importlib.util import find_spec

from stride.errors import MissingExtra

if find_spec("optuna") is None:
    raise MissingExtra("optuna", "sweeps", where="stride.sweeps")
