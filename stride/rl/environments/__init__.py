"""Environments side by side: built by name, stepped together, saved with the training."""

from stride.rl.environments.build import build_environments
from stride.rl.environments.environments import Environments
from stride.rl.environments.episodes import Episode

__all__ = ["Environments", "Episode", "build_environments"]
