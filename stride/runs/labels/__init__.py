"""Ask a person for labels by a table, and keep every answer."""
