"""The parts of one `fit`, in the order in which it uses them: from data and model to results."""
