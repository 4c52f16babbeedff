"""Predict with a run's weights, batch by batch, and write what comes out."""
