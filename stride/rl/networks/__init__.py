"""Networks that algorithms of reinforcement learning act and learn with."""
