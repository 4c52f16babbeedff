"""Sweeps: which overrides are best? Every trial is an ordinary run of the work_dir."""
