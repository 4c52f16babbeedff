"""Reinforcement learning: environments, rollouts, replay, algorithms and their evaluation."""
