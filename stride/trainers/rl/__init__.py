"""Reinforcement learning as a kind of training: its batches come from rollouts."""
