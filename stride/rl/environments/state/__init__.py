"""Save what environments hold, and prove that they go on from it with the same bits."""
