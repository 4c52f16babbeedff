"""Draw what became of the trials of a sweep: history, parallel coordinates, slices, curves."""
