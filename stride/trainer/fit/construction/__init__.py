"""Build what one `fit` works with: data, model, and what belongs to the state."""
