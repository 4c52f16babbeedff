"""Import what other tools have recorded as read-only runs: TensorBoard, Lightning, W&B."""
