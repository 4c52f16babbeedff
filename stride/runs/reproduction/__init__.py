"""Compare a run with its copy bit by bit, and name what may have made them differ."""
