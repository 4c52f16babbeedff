"""Hold a run for one segment, and change nothing that is not the run's own."""
