"""Train several runs at once, as one stack, each with the bits that it has alone."""
