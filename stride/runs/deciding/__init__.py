"""Group runs over their seeds into configurations, compare those, and say which is better."""
