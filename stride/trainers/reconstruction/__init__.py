"""Train networks to give back their inputs, and measure where they fail."""

from stride.trainers.reconstruction.trainer import ReconstructionTrainer

__all__ = ["ReconstructionTrainer"]
