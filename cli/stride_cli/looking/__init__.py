"""Commands that draw and report runs, for people to look at."""
