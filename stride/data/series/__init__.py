"""Time series for reconstruction and the detection of anomalies, with their labels beside."""
