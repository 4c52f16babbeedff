"""Commands that compare configurations over their seeds, and decide which is better."""
