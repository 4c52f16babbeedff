"""Write a model card of a run: all that its folder knows, and what its author has to add."""
