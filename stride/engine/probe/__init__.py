"""Try a model on small batches before a run is claimed, leaving no trace."""
