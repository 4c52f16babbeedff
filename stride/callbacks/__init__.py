"""Decide when to save, keep the best and stop; the same seam carries a user's own callbacks."""
