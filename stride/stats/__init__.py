"""Tell from few numbers what is sure: means, intervals, paired comparisons, speed-up, forecasts."""
