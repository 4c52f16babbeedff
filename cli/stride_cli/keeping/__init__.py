"""Commands that say what is kept: tag runs, note something about them."""
