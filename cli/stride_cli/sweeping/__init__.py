"""The command that trains many runs to find the best overrides, and shows how far it is."""
