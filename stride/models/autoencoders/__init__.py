"""Networks that give back their inputs through a narrow code."""
