"""Measure what STRIDE costs beside what a person would write without it, as ratios of CPU time.

`python -m benchmarks` prints one table. Every ratio is made side by side in one run: the parties
take turns, and what counts is the median over the turns. A goal that is missed is said, not hidden.
"""
