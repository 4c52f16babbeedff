"""Queue runs as jobs of SLURM."""
