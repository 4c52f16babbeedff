"""Throw runs away so that they can come back, thin out checkpoints, and watch the space left."""
