"""Know the label of a sample from its dataset, and show a sample to a person."""
