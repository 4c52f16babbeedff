"""Draw what a reconstruction run has recorded: errors, areas, histograms, examples."""
