"""Prune trials that do not promise anything: Optuna's pruners by name, and that of forecasts."""
