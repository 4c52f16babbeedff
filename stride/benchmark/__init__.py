"""Benchmarks: models by data sets by seeds, every cell an ordinary run, and the table of them."""

from typing import Any


def __getattr__(name: str) -> Any:
    """Import `run_benchmark` under its earlier name at its first use: the tables load no torch."""
    if name != "benchmark":
        raise AttributeError(f"module 'stride.benchmark' has no attribute {name!r}")
    from stride.benchmark.single_run import run_benchmark

    return run_benchmark
