"""Keep what the checkpoints of a run were evaluated to beside its training."""
