"""Trainers that are small extensions of the one flow."""
