"""Turn a person's labels into targets, and render samples to be labelled."""
