"""The trainer of a reconstruction."""

from typing import Any

from stride.trainer.trainer import Trainer
from stride.trainers.reconstruction.kind import Reconstruction


class ReconstructionTrainer(Trainer):
    """Train a network to give back its inputs; measure and keep what it makes of them.

    A run like any other. Beside the rest it leaves errors.csv, milestones, reconstruction.json and
    examples.safetensors.

    Args:
        work_dir: as of `Trainer`.
        **arguments: as of `Trainer`; `reconstruction_config` says what is measured and kept, and
            what becomes of weights that got worse.

    Raises:
        UserError: a wrong key or value.
    """

    kind = Reconstruction

    def __init__(self, work_dir: Any = None, **arguments: Any) -> None:
        if not (isinstance(work_dir, dict) and "trainer" in work_dir):
            arguments.setdefault("trainer", "reconstruction")
        super().__init__(work_dir, **arguments)
