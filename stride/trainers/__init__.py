"""The kinds of training beside the supervised one, each an extension of the one flow."""
