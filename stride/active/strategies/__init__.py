"""Query strategies of active learning, by name."""
