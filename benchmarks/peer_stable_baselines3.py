"""Trainings on CartPole by Stable-Baselines3, with what it does where nothing is said."""

import time

import stable_baselines3  # type: ignore[import-not-found, unused-ignore]


def train(env_steps: int, algorithm: str) -> float:
    """Train by PPO or DQN on one environment; return the CPU seconds of `learn`."""
    model = getattr(stable_baselines3, algorithm)("MlpPolicy", "CartPole-v1", seed=0, device="cpu")
    start = time.process_time()
    model.learn(env_steps)
    return time.process_time() - start
