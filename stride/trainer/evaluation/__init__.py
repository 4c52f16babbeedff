"""Evaluate the checkpoints of a run as they appear, beside its training."""
