"""Registers an environment when it is imported."""

import gymnasium

gymnasium.register(id="Mine-v0", entry_point="tests.rl.environments.odd:Parts")
