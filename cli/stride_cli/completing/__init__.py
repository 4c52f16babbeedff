"""Complete what is typed: keys of the config and their values, runs, names of metrics."""
