"""List and select many runs quickly, with an index that can be deleted at any time."""
