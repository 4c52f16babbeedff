"""Report a sweep: the best, the table of all, what mattered, what failed; with plots and a page."""
