"""Choose which samples of a pool to label: the rules of active learning, by name."""
