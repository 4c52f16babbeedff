"""Make runs of trainers that are objects of the user's: each step is an epoch of theirs."""
