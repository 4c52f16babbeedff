"""Know which names may be typed: short keys, built-in components and their parameters."""
