"""Read the artifacts of a run, and set aside those of steps that are done again."""
