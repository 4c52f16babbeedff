"""Keep the transitions of rollouts, and draw batches of them: uniform, prioritised, n-step."""
