"""Follow a sweep from where it lies: find it, and say how far it is."""
