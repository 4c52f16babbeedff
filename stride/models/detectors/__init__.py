"""Baselines of anomaly detection: networks without parameters, which learn nothing."""
