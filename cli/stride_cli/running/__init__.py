"""Commands that train, check or evaluate, or have a cluster do it."""
