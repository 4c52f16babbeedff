"""Search with Optuna: spaces, samplers, pruners, and the storage of their trials."""
