"""Read what environments hold into values that a checkpoint keeps, and put it back."""
