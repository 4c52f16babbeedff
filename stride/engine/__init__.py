"""Train: the one loop, its state, checkpoints, random state and devices.

`loop.py` is the only place that calls `Model.training_step`; everything that a step does not need
is done at reporting steps, so that the loop costs what a loop written by hand costs.
"""
