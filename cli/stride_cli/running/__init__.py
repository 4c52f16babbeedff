"""Commands that train, or have a cluster do it."""
