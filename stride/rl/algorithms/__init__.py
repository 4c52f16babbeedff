"""Algorithms of reinforcement learning, each a Model in one file."""
