"""Trainings on CartPole by Stable-Baselines3, with what it does where nothing is said."""

import time

from stable_baselines3 import PPO  # type: ignore[import-not-found, unused-ignore]


def ppo(env_steps: int) -> float:
    """Train by PPO on one environment; return the CPU seconds of `learn`."""
    model = PPO("MlpPolicy", "CartPole-v1", seed=0, device="cpu")
    start = time.process_time()
    model.learn(env_steps)
    return time.process_time() - start
