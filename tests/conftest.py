"""What holds for all tests."""

from hypothesis import settings

# An example's time is wall time: a busy machine can stop any of them beyond any deadline, and a
# second try, which is fast, then makes the failure a flaky one.
settings.register_profile("stride", deadline=None)
settings.load_profile("stride")
