"""Make the row of a run: what a listing shows of it."""
