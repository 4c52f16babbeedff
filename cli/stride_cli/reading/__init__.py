"""Commands that read runs: list, show, compare, check; most need no torch."""
