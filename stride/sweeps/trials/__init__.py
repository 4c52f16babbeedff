"""The trials of a sweep: taken one after the other, trained as runs, watched and told."""
