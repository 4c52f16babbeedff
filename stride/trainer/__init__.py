"""Train: one object bound to a work_dir, from a config to a recorded run and back.

Nothing is imported here, so that reading a run loads no torch: `stride.Trainer` and
`stride.load_run` find their modules by themselves.
"""
