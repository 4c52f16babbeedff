"""Save and restore all that a training needs to go on, in files that are whole or not there."""
