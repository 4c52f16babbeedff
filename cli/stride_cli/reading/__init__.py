"""Commands that read runs: list, show, compare, verify; most need no torch."""
