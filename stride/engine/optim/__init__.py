"""Build optimisers and learning-rate schedules, and keep their state."""
