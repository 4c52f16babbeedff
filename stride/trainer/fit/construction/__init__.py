"""Build what one `fit` works with: data, model, and the session around them."""
