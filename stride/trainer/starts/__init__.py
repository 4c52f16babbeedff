"""The ways to begin or take up a run: resumed, repeated, forked, reproduced, queued, loaded."""
