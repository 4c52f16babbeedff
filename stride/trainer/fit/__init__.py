"""The parts of one `fit`: from data and model to results."""
