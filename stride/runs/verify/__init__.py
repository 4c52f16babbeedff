"""Check a run folder's files against each other without running anything."""
