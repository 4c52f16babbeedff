"""Commands that train, check, evaluate or predict, or have a cluster do it."""
