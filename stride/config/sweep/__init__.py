"""Describe a sweep: which overrides are tried, and in which ranges the best are searched for."""
