"""Hold many runs in Python: open, choose, sort, and turn into a table."""
