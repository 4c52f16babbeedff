"""Read learning curves, average them over seeds, compare and draw them."""
