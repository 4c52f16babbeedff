"""Read how metrics went from metrics.jsonl, average them over seeds, and make plots of them."""
