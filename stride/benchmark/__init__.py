"""Benchmarks: models by data sets by seeds, every cell an ordinary run, and the table of them."""
