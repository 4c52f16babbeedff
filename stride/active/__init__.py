"""Choose the samples whose labels are worth most, and judge models by few labels."""
