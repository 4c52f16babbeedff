"""Train members of one architecture as one stack, each with exactly the bits that it has alone."""
