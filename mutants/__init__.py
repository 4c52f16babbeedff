"""Faults that are put into the source one by one, and the test that sees each."""
