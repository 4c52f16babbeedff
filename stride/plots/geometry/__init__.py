"""Place curves on axes: ranges, ticks, the columns of what is drawn, labels apart."""
