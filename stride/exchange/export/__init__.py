"""Write runs as other tools read them: TensorBoard, W&B, CSV, Parquet."""
