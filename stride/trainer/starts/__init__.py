"""The ways to begin or take up a run: resumed, forked, reproduced, queued, loaded."""
