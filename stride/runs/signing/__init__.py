"""Sign what the user starts, by a key of their own, and know it again."""
