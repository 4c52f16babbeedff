"""Take the weights of other runs: what a network starts from, and networks that are frozen."""
