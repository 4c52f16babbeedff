"""Learn from a launcher which process this is, and meet the others before speaking with them."""
