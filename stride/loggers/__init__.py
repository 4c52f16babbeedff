"""Sinks of metrics and the terminal display; none of their packages is imported unasked."""
