"""Give runs to other tools, and take theirs."""
